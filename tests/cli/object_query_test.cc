#include "cli/object_query.h"

#include <gtest/gtest.h>

#include "cli/label_selector.h"
#include "cli/object_order.h"

namespace lockstep {
namespace {

std::string Read(const std::vector<std::string>& words) {
  const Result<ObjectQuery> query = ParseObjectQuery(words, "ns");
  if (!query.ok()) return "<" + query.status().message() + ">";
  std::string text;
  for (const KindName& kind : query->kinds) text += std::string(kind.plural) + " ";
  for (const ObjectKey& key : query->keys) text += "| " + key.ToString() + " ";
  return text;
}

TEST(ObjectQueryTest, WordsAreReadAsKubectlReadsThem) {
  EXPECT_EQ(Read({"trials"}), "trials ");
  EXPECT_EQ(Read({"exp,trials"}), "experiments trials ");
  EXPECT_EQ(Read({"exp,experiments"}), "experiments ");
  EXPECT_EQ(Read({"all"}), "experiments suggestions trials jobs ");
  EXPECT_EQ(Read({"pytorchjob/a", "job/b"}), "pytorchjobs jobs | PyTorchJob ns/a | Job ns/b ");
  EXPECT_EQ(Read({"jobs.batch"}), "jobs.batch ");
  EXPECT_EQ(Read({"trial", "a", "b"}), "trials | Trial ns/a | Trial ns/b ");
  EXPECT_EQ(Read({"exp/a", "trial/b"}), "experiments trials | Experiment ns/a | Trial ns/b ");
  EXPECT_EQ(Read({"exp,tj", "a"}),
            "experiments trainingjobs | Experiment ns/a | TrainingJob ns/a ");
}

TEST(ObjectQueryTest, WhatDoesNotGoTogetherIsSaid) {
  EXPECT_NE(Read({"exp/a", "b"}).find("'b' stands among names"), std::string::npos);
  EXPECT_NE(Read({"exp", "a/b"}).find("'a/b' is no name"), std::string::npos);
  EXPECT_NE(Read({"all", "x"}).find("trial/x"), std::string::npos);
  EXPECT_NE(Read({"exp,trails"}).find("did you mean trials"), std::string::npos);
  EXPECT_NE(Read({"exp,"}).find("<"), std::string::npos);
  EXPECT_NE(Read({"exp/"}).find("names no object"), std::string::npos);
}

bool Selects(const std::string& selector, const Labels& labels) {
  const Result<LabelSelector> parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() && parsed->Matches(labels);
}

TEST(LabelSelectorTest, SelectsAsKubernetesDoes) {
  const Labels ab = {{"a", "1"}, {"katib.kubeflow.org/experiment", "x"}};
  for (const char* yes :
       {"", "a=1", "a==1", "a = 1", "a!=2", "b!=2", "a in (1,2)", "a in ( 1 )", "b notin (1)",
        "a notin (2)", "a", "!b", "a=1,katib.kubeflow.org/experiment=x", "a,!b,a in (0,1)"}) {
    EXPECT_TRUE(Selects(yes, ab)) << yes;
  }
  for (const char* no :
       {"a=2", "a!=1", "a in (2,3)", "a notin (1)", "b", "!a", "a=1,b", "a=", "a=1,a=2"}) {
    EXPECT_FALSE(Selects(no, ab)) << no;
  }
  EXPECT_EQ(LabelSelector::Parse("a=1,b!=2,c in (3),d in (4,5)")->Equalities(),
            (Labels{{"a", "1"}, {"c", "3"}}));
}

TEST(LabelSelectorTest, WhatIsNotKnownIsNamedWithItsColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {"a>1", "column 2"},
      {"a in 1", "column 6: the values are written (a,b)"},
      {"a in (1", "column 8: the ( is not closed"},
      {"=1", "column 1: the name of a label"},
      {"a=1,", "column 5"},
      {"a=1 b=2", "column 5: a comma"},
      {"a is b", "column 3"}};
  for (const auto& [selector, message] : cases) {
    const Status status = LabelSelector::Parse(selector).status();
    EXPECT_NE(status.message().find(message), std::string::npos) << selector << status.message();
  }
}

Object NamedTrial(const std::string& name, const std::string& value, const std::string& start) {
  Trial trial;
  trial.meta.name = name;
  if (!value.empty()) trial.spec.parameter_assignments = {{"x", value}};
  trial.status.start_time = start;
  return trial;
}

std::string SortedBy(const std::string& path, std::vector<Object> objects) {
  const Status status = SortObjects(JsonPath::Parse(path).value(), objects);
  if (!status.ok()) return "<" + status.message() + ">";
  std::string names;
  for (const Object& object : objects) names += MetaOf(object).name;
  return names;
}

TEST(ObjectOrderTest, NumbersTimesAndTextsEachByTheirOwnOrder) {
  const std::vector<Object> trials = {NamedTrial("a", "10", "2026-01-02T00:00:00+02:00"),
                                      NamedTrial("b", "9", "2026-01-01T23:00:00Z"),
                                      NamedTrial("c", "adam", ""), NamedTrial("d", "", ""),
                                      NamedTrial("e", "1e-3", "2026-01-01T21:30:00Z")};
  EXPECT_EQ(SortedBy(".spec.parameterAssignments[0].value", trials), "ebacd");
  EXPECT_EQ(SortedBy(".status.startTime", trials), "eabcd");
  EXPECT_EQ(SortedBy(".metadata.name", trials), "abcde");
  EXPECT_NE(SortedBy(".none", trials).find("no Trial has this field"), std::string::npos);
  EXPECT_EQ(SortedBy(".none", {}), "");
}

}  // namespace
}  // namespace lockstep

// Expected values are what gjson v1.18 itself answers.
#include "operators/convert/gjson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/api/defaults.h"

namespace lockstep {
namespace {

using testing::HasSubstr;

const Json& TheJob() {
  static const Json kJob = Json::parse(R"json({"status": {
    "active": 0, "succeeded": 1, "phase": "Succeeded", "a.b": {"c": 1}, "empty": [],
    "conditions": [
      {"type": "Complete", "status": "False", "reason": "R", "message": "m"},
      {"type": "Complete", "status": "True"},
      {"type": "Failed", "status": "True"}],
    "flags": [true, false, null], "nested": [[1, 2], [3]], "scores": [1, 2.5, -3, 100],
    "pods": [{"name": "p0", "exits": [{"code": 0}, {"code": 7}]}, {"name": "p1", "exits": []},
             {"name": "é"}],
    "tags": ["a*c", "abc", "ab"]}})json");
  return kJob;
}

// What `path` finds in TheJob, as JSON; "" when nothing.
std::string Found(std::string_view path) {
  const auto found = QueryGjson(TheJob(), path);
  if (!found.ok()) return found.status().ToString();
  return *found ? (*found)->dump() : "";
}

struct Row {
  const char* path;
  const char* found;
};

constexpr Row kFinds[] = {
    {R"(status.phase)", R"("Succeeded")"},
    {R"(status.missing)", R"()"},
    {R"(status.flags.2)", R"(null)"},
    {R"(status.a\.b.c)", R"(1)"},
    {R"(status.a.b.c)", R"()"},
    {R"(st*.ph?se)", R"("Succeeded")"},
    {R"(status.*.c)", R"(1)"},
    {R"(status.*.1)", R"({"status":"True","type":"Complete"})"},
    {R"(status.conditions.1.type)", R"("Complete")"},
    {R"(status.conditions.01.type)", R"("Complete")"},
    {R"(status.conditions.3)", R"()"},
    {R"(status.conditions.-1)", R"()"},
    {R"(status.conditions.#)", R"(3)"},
    {R"(status.phase.#)", R"()"},
    {R"(status.conditions.#.type)", R"(["Complete","Complete","Failed"])"},
    {R"(status.conditions.#.reason)", R"(["R"])"},
    {R"(status.empty.#.x)", R"([])"},
    {R"(status.conditions.#(type=="Complete"))",
     R"({"message":"m","reason":"R","status":"False","type":"Complete"})"},
    {R"(status.conditions.#(type=="Complete").status)", R"("False")"},
    {R"(status.conditions.#(type="Complete")#.status)", R"(["False","True"])"},
    {R"(status.conditions.#(type=="Gone"))", R"()"},
    {R"(status.conditions.#(type=="Gone")#)", R"([])"},
    {R"(status.conditions.#(type=="Complete")#|#(status=="True")#)",
     R"([{"status":"True","type":"Complete"}])"},
    {R"(status.conditions.#(type=="Complete")#.#(status=="True")#)", R"([])"},
    {R"(status.conditions.#(type=="Complete")#|0.reason)", R"("R")"},
    {R"(status.conditions.#(type=="Complete")#.0)", R"([])"},
    {R"(status.conditions.#(type=="Complete")#|#)", R"(2)"},
    {R"(status.conditions.#(type=="Complete")#|type)", R"()"},
    {R"(status.conditions.#(reason)#.type)", R"(["Complete"])"},
    {R"(status.conditions.#(type==Complete).reason)", R"("R")"},
    {R"(status.conditions.#( type == "Complete" ).reason)", R"("R")"},
    {R"(status.conditions.#(type!="Complete").type)", R"("Failed")"},
    {R"(status.conditions.#(type<"D")#|#)", R"(2)"},
    {R"(status.conditions.#(type>="Complete")#|#)", R"(3)"},
    {R"(status.conditions.#[type=="Failed"].status)", R"("True")"},
    {R"(status.scores.#(>1)#)", R"([2.5,100])"},
    {R"(status.scores.#(<=1)#)", R"([1,-3])"},
    {R"(status.scores.#(==2.5))", R"(2.5)"},
    {R"(status.scores.#(==abc))", R"()"},
    {R"(status.scores.#(>"1")#)", R"([2.5,100])"},
    {R"(status.flags.#(==true))", R"(true)"},
    {R"(status.flags.#(!=true))", R"(false)"},
    {R"(status.flags.#(==null))", R"()"},
    {R"(status.flags.#(>false)#)", R"([true])"},
    {R"(status.flags.#(<true)#)", R"([false])"},
    {R"(status.tags.#(=="a\u002ac"))", R"("a*c")"},
    {R"(status.tags.#(%"a*c")#)", R"(["a*c","abc"])"},
    {R"(status.tags.#(%"a\\*c")#)", R"(["a*c"])"},
    {R"(status.tags.#(%"a?"))", R"("ab")"},
    {R"(status.tags.#(!%"a*c"))", R"("ab")"},
    {R"(status.pods.#(name%"?").name)", R"("é")"},
    {R"(status.pods.#(exits.#(code==7)).name)", R"("p0")"},
    {R"(status.pods.#(exits.#>0)#.name)", R"(["p0"])"},
    {R"(status.pods.#.exits.#.code)", R"([[0,7],[]])"},
    {R"(status.pods.#.exits|0)", R"([{"code":0},{"code":7}])"},
    {R"(status.pods.#.exits.#|0)", R"([])"},
    {R"(status.[@this].#(succeeded==1).phase)", R"("Succeeded")"},
    {R"(status.[@this].#(phase=="Succeeded")#|#)", R"(1)"},
    {R"([status.phase,status.missing,status.active])", R"(["Succeeded",0])"},
    {R"(status.[phase,nested.0]|1.0)", R"(1)"},
    {R"(missing.[@this])", R"([])"},
    {R"(@this.status.phase)", R"("Succeeded")"},
    {R"(@this|status|phase)", R"("Succeeded")"},
    {R"(status.nested.0.#(>1))", R"(2)"},
    {R"(status.@type)", R"()"},
    {R"(status.nested.#.0)", R"([1,3])"},
    {R"(status.pods.#(name=="p0").exits.#(code>0))", R"({"code":7})"},
    {R"(status.conditions|#|x)", R"()"},
};

TEST(Gjson, FindsWhatGjsonFinds) {
  for (const Row& row : kFinds) EXPECT_EQ(Found(row.path), row.found) << row.path;
}

TEST(Gjson, RefusesWhatIsMalformedOrNotOfTheSubsetAndSaysWhere) {
  const Row kRows[] = {
      {"", "column 1: a key is missing"},
      {"status.", "column 8: a key is missing"},
      {"status..phase", "column 8: a key is missing"},
      {"..0.phase", "JSON lines"},
      {"((((", "column 1: ( is misplaced"},
      {"status.conditions(type==1)", "column 18: ( is misplaced"},
      {R"(status."phase")", "column 8: \" is misplaced"},
      {"status.phase\\", "escapes nothing"},
      {"status.conditions.#(type==\"Complete\"", "column 20: the query is not closed: write )"},
      {"status.conditions.#(type==\"Complete)#", "the query is not closed"},
      {"status.conditions.#()", "the query is empty"},
      {"status.conditions.#(type!\"Complete\")", "! is no operator"},
      {"status.conditions.#(type===\"Complete\")", "column 27: a value is missing"},
      {"status.conditions.#(type=='Complete')", "column 27: ' is no quote here"},
      {R"(status.tags.#(%"a\*c"))", "is no text in JSON's quotes"},
      {R"(status.tags.#(=="a"b))", "is no text in JSON's quotes"},
      {"status.flags.#(==~true)", "(~) is not supported"},
      {"status.conditions.#x", "column 20: expected . or | or the end"},
      {"status.conditions.#(type)x", "column 26: expected . or | or the end"},
      {"status.tags.@reverse", "column 13: the modifier @reverse is not supported"},
      {"@pretty", "the modifier @pretty is not supported"},
      {"status.@this:x", "column 13: expected . or | or the end"},
      {"{status.conditions}", "{...} makes a new object"},
      {"status.{phase}", "column 8: {...} makes a new object"},
      {"status.[phase", "the list of paths is not closed: write ]"},
      {"[status.phase, status.active]", "column 15: gjson takes this blank"},
      {"[a:b]", "column 3: gjson reads name:path here"},
      {"[]", "column 2: a key is missing"},
      {"!true", "stands in place of a path"},
  };
  for (const auto& [path, message] : kRows) {
    const Status status = CheckGjson(path);
    EXPECT_EQ(status.kind(), StatusKind::kInvalidArgument) << path;
    EXPECT_THAT(status.message(), HasSubstr(message)) << path;
    EXPECT_EQ(QueryGjson(TheJob(), path).status(), status) << path;
  }
}

TEST(Gjson, ReadsTheConditionsOfEveryKind) {
  for (const char* kind : {"Job", "TFJob", "TrainJob", "TrainingJob"}) {
    for (const char* group : {"batch/v1", "kubeflow.org/v1", "lockstep.dev/v1alpha1"}) {
      const std::string condition = DefaultSuccessCondition(group, kind);
      if (!condition.empty()) {
        EXPECT_TRUE(CheckGjson(condition).ok()) << condition;
      }
    }
  }
}

TEST(Gjson, BoundsItsDepthItsLengthAndItsWork) {
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep = "#(" + deep + ")";
  EXPECT_THAT(CheckGjson(deep).message(), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(CheckGjson(std::string(5000, 'a')).message(), HasSubstr("5000 bytes"));
  // Each list doubles what the one before it made.
  std::string doubling = "[@this,@this]";
  for (int i = 0; i < 40; ++i) doubling += "|[@this,@this]";
  EXPECT_TRUE(CheckGjson(doubling).ok());
  EXPECT_THAT(QueryGjson(TheJob(), doubling).status().message(), HasSubstr("select less"));
  std::string keys = "a";
  Json json = 1;
  for (int i = 0; i < 1000; ++i) {
    json = Json{{"a", std::move(json)}};
    if (i > 0) keys += ".a";
  }
  EXPECT_EQ(**QueryGjson(json, keys), 1);
  EXPECT_EQ(Found(std::string(2000, '*')), TheJob().at("status").dump());
}

}  // namespace
}  // namespace lockstep

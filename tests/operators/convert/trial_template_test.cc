// Placeholders of a trial's job: values arrive as they are, numbers where a number belongs.
#include "operators/convert/trial_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TrialTemplate Template(Json job, std::vector<TrialParameterSpec> parameters) {
  job["apiVersion"] = "batch/v1";
  job["kind"] = "Job";
  TrialTemplate trial_template;
  trial_template.trial_spec = std::move(job);
  trial_template.trial_parameters = std::move(parameters);
  return trial_template;
}

Result<Json> Render(const TrialTemplate& trial_template,
                    const std::vector<ParameterAssignment>& assignments) {
  return RenderTrial({trial_template, "t-1", "ns", assignments});
}

// The field "x" of a job whose placeholder v is `value`.
Json RenderedX(const Json& x, const std::string& value) {
  const auto job = Render(Template({{"x", x}}, {{"v", "", "p"}}), {{"p", value}});
  EXPECT_TRUE(job.ok()) << job.status().message();
  return job.ok() ? job->at("x") : Json();
}

constexpr char kPlace[] = "${trialParameters.v}";

TEST(RenderTrial, BringsAValueAsItIs) {
  for (const std::string value :
       {"a\"b", "a\nb: c", "$HOME", "${trialParameters.v}", "${trialSpec.Name}", "\\u0041", "{}",
        "[1]", "null", "true", "'", "\t", "\xc3\xa4"}) {
    EXPECT_EQ(RenderedX(kPlace, value), value);
    EXPECT_EQ(RenderedX("--a=" + std::string(kPlace), value), "--a=" + value);
    EXPECT_EQ(RenderedX({{kPlace, 1}}, value), (Json{{value, 1}}));  // a key
  }
}

TEST(RenderTrial, MakesAWholeScalarANumberOutsideOfText) {
  EXPECT_EQ(RenderedX(kPlace, "4"), 4);
  EXPECT_EQ(RenderedX(kPlace, "0.25"), 0.25);
  EXPECT_EQ(RenderedX({{"replicas", kPlace}}, "4"), (Json{{"replicas", 4}}));
  EXPECT_EQ(RenderedX("n" + std::string(kPlace), "4"), "n4");
  EXPECT_EQ(RenderedX(std::string(kPlace) + kPlace, "4"), "44");
  for (const char* const field : {"command", "args"}) {
    EXPECT_EQ(RenderedX({{field, {kPlace}}}, "4"), (Json{{field, {"4"}}}));
  }
  const Json env = {{"env", Json::array({{{"name", "N"}, {"value", kPlace}}})}};
  EXPECT_EQ(RenderedX(env, "4").at("env")[0].at("value"), "4");
  for (const char* const field : {"labels", "annotations"}) {
    EXPECT_EQ(RenderedX({{field, {{"k", kPlace}}}}, "4"), (Json{{field, {{"k", "4"}}}}));
  }
}

TEST(RenderTrial, LeavesWhatIsNoPlaceholder) {
  for (const std::string text : {"${trialParameters.v", "$(V)", "${V}", "{trialParameters.v}"}) {
    const auto job = Render(Template({{"x", text}}, {}), {});
    ASSERT_TRUE(job.ok());
    EXPECT_EQ(job->at("x"), text);
  }
}

TEST(RenderTrial, KnowsTheTrial) {
  const Json meta = {{"labels", {{"l/a", "L"}}}, {"annotations", {{"k", "A"}}}};
  const std::vector<std::pair<std::string, std::string>> table = {
      {"${trialSpec.Name}", "t-1"},      {"${trialSpec.Namespace}", "ns"},
      {"${trialSpec.Kind}", "Job"},      {"${trialSpec.APIVersion}", "batch/v1"},
      {"${trialSpec.Labels[l/a]}", "L"}, {"${trialSpec.Annotations[k]}", "A"},
  };
  for (const auto& [reference, value] : table) {
    const auto job =
        Render(Template({{"metadata", meta}, {"x", kPlace}}, {{"v", "", reference}}), {});
    ASSERT_TRUE(job.ok()) << job.status().message();
    EXPECT_EQ(job->at("x"), value);
    EXPECT_EQ(job->at("metadata").at("name"), "t-1");
    EXPECT_EQ(job->at("metadata").at("namespace"), "ns");
  }
}

TEST(RenderTrial, RefusesReferencesThatAreNone) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"${trialSpec.Annotations[no]}", "has no such annotation"},
      {"${trialSpec.Labels[no]}", "has no such label"},
      {"${trialSpec.Bogus}", "is no reference to the trial: use exactly ${trialSpec.Name}"},
      {"${trialSpec.Labels}", "is no reference"},
      {"${trialSpec.Labels[]}", "is no reference"},
      {"pre-${trialSpec.Name}", "is no reference"},
      {"${trialSpec.Name}-post", "is no reference"},
      {"${trialSpec.Name", "is no reference"},
  };
  for (const auto& [reference, said] : table) {
    const auto job = Render(Template({{"x", kPlace}}, {{"v", "", reference}}), {});
    ASSERT_FALSE(job.ok()) << reference;
    EXPECT_THAT(job.status().message(), HasSubstr(said)) << reference;
  }
}

// The template `text` of a ConfigMap, its placeholder v being `value`.
Result<Json> RenderText(const std::string& text, const std::string& value) {
  TrialTemplate trial_template;
  trial_template.config_map = ConfigMapSource{"map", "space", "key"};
  trial_template.trial_parameters = {{"v", "", "p"}};
  ConfigMap map;
  map.data["key"] = text;
  const ConfigMapLookup maps = [&](const std::string& namespace_, const std::string& name) {
    return namespace_ == "space" && name == "map" ? Result<ConfigMap>(map) : NotFound("none");
  };
  const std::vector<ParameterAssignment> assignments = {{"p", value}};
  return RenderTrial({trial_template, "t-1", "ns", assignments, maps});
}

Json RenderedXOfText(const std::string& x, const std::string& value) {
  const auto job = RenderText("apiVersion: v1\nkind: A\nx: " + x + "\n", value);
  EXPECT_TRUE(job.ok()) << job.status().message();
  return job.ok() ? job->at("x") : Json();
}

TEST(RenderConfigMap, ReadsAPlainScalarAsYamlWithItsValue) {
  const std::vector<std::pair<std::string, Json>> table = {
      {"4", 4},
      {"1e-3", 0.001},
      {"0x1F", 31},
      {".5", 0.5},
      {"1_000", 1000},
      {"-0", 0},
      {"yes", true},
      {"null", {}},
      {"", ""},
      {"x", "x"},
      {"4 5", "4 5"},
      {"a: b", "a: b"},
      {"a #b", "a #b"},
      {"*x", "*x"},
      {"'q'", "'q'"},
      {"a\nb", "a\nb"},
      {"12345678901234567890", 12345678901234567890.0}};
  for (const auto& [value, read] : table) {
    EXPECT_EQ(RenderedXOfText(kPlace, value), read) << value;
    EXPECT_EQ(RenderedXOfText('"' + std::string(kPlace) + '"', value), value);
    EXPECT_EQ(RenderedXOfText("'" + std::string(kPlace) + "'", value), value);
    EXPECT_EQ(RenderedXOfText("|-\n  " + std::string(kPlace), value), value);
    EXPECT_EQ(RenderedXOfText("{command: ['" + std::string(kPlace) + "']}", value),
              (Json{{"command", {value}}}));
  }
  EXPECT_EQ(RenderedXOfText("0." + std::string(kPlace), "5"), 0.5);
  EXPECT_EQ(RenderedXOfText(std::string(kPlace) + "Gi", "5"), "5Gi");
  EXPECT_EQ(RenderedXOfText("\n  args:\n  - " + std::string(kPlace), "5"), (Json{{"args", {"5"}}}));
  EXPECT_FALSE(RenderText("apiVersion: v1\nkind: A\nx: " + std::string(kPlace), ".nan").ok());
}

TEST(RenderConfigMap, ReadsTheFirstDocumentYamlOrJson) {
  const auto first = RenderText("apiVersion: v1\nkind: A\n---\nx: ${trialParameters.v}\n", "1");
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_FALSE(first->contains("x"));
  const auto json = RenderText(R"({"apiVersion":"v1","kind":"A","x":"${trialParameters.v}"})", "1");
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_EQ(json->at("x"), "1");
  for (const char* const text : {"", "[]", "text", "apiVersion: v1", "kind: A\n",
                                 "apiVersion: v1\nkind: A\nx: [${trialParameters.v}]"}) {
    EXPECT_EQ(RenderText(text, "1").status().kind(), StatusKind::kInvalidArgument) << text;
  }
}

TEST(RenderTrial, RefusesWhatHasNoPartner) {
  const TrialTemplate one = Template({{"x", {kPlace}}}, {{"v", "", "p"}});
  EXPECT_THAT(Render(one, {}).status().message(), HasSubstr("p, which has no assignment"));
  EXPECT_THAT(Render(one, {{"p", "1"}, {"q", "1"}}).status().message(),
              HasSubstr("q is assigned, but no trial parameter refers to it"));
  EXPECT_THAT(Render(one, {{"p", "1"}, {"p", "2"}}).status().message(), HasSubstr("twice"));
  EXPECT_THAT(Render(Template({{"x", {{"y", kPlace}}}}, {}), {}).status().message(),
              HasSubstr("/x/y: the placeholder ${trialParameters.v} has no entry"));
  EXPECT_THAT(Render(Template({{"x", {{kPlace, 1}, {"a", 2}}}}, {{"v", "", "p"}}), {{"p", "a"}})
                  .status()
                  .message(),
              HasSubstr("two fields become \"a\""));
}

}  // namespace
}  // namespace lockstep

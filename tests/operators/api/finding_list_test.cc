#include "operators/api/finding_list.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

Finding About(std::string path) { return {Finding::Severity::kError, std::move(path), {}, "rule"}; }

std::vector<std::string> Kept(const std::vector<Finding>& decoding,
                              const std::vector<std::string>& rules) {
  std::vector<Finding> findings;
  findings.reserve(rules.size());
  for (const std::string& path : rules) findings.push_back(About(path));
  findings = WithRules(decoding, findings);
  std::vector<std::string> paths;
  paths.reserve(findings.size());
  for (std::size_t i = decoding.size(); i < findings.size(); ++i) paths.push_back(findings[i].path);
  return paths;
}

using Paths = std::vector<std::string>;

TEST(WithRules, DropsWhatIsAroundOrInsideOfWhatDidNotDecode) {
  EXPECT_EQ(Kept({About("spec.parameters[1]")},
                 {"spec", "spec.parameters", "spec.parameters[1].name", "spec.parameters[10].name",
                  "spec.parametersX", "spec.objective"}),
            (Paths{"spec.parameters[10].name", "spec.parametersX", "spec.objective"}));
}

TEST(WithRules, AnUnknownFieldStandsForTheOneThatWasMeant) {
  FindingList findings(nullptr);
  findings.UnknownField("spec", "algoritm", {"algorithm", "objective"});
  findings.UnknownField("spec", "x", {"algorithm", "objective"});
  EXPECT_EQ(findings.findings()[0].message, "unknown field \"algoritm\" (did you mean algorithm?)");
  EXPECT_EQ(Kept(findings.findings(), {"spec.algorithm.algorithmName", "spec.objective"}),
            Paths{"spec.objective"});
}

}  // namespace
}  // namespace lockstep

// Manifests of our own (golden/NAME.yaml): what is said of each, and the TrainingJob that it
// becomes, are golden/NAME.golden.yaml. Run with LOCKSTEP_WRITE_GOLDEN=1 to write those files anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "operators/convert/convert.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(LOCKSTEP_SOURCE_DIR) / "tests/operators/convert/golden";

std::string Read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (!entry.path().filename().string().ends_with(".golden.yaml")) {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

// The runtimes that stand in the file, below the job.
RuntimeLookup RuntimesIn(const std::vector<Document>& documents) {
  return [&documents](const std::string& kind, const std::string&,
                      const std::string& name) -> Result<Json> {
    for (const Document& document : documents) {
      const Json& value = document.value;
      if (value.at("kind") == kind && value.at("metadata").at("name") == name) return value;
    }
    return NotFound(kind + " " + name);
  };
}

class GoldenJobs : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenJobs, BecomeTrainingJobs) {
  const std::string file = GetParam() + ".yaml";
  const auto documents = ParseYaml(Read(kFolder / file), file);
  ASSERT_TRUE(documents.ok()) << documents.status().message();
  auto converted = ConvertToTrainingJob(documents->front(), RuntimesIn(*documents));
  ASSERT_TRUE(converted.ok()) << converted.status().message();
  EXPECT_EQ(converted->job.spec.source, documents->front().value);
  converted->job.spec.source = nullptr;  // it is the manifest, which stands beside
  std::string text;
  for (const Finding& finding : converted->findings) {
    EXPECT_EQ(finding.severity, Finding::Severity::kWarning) << FormatFinding(file, finding);
    text += "# " + FormatFinding(file, finding) + "\n";
  }
  text += ToYaml(EncodeObject(converted->job));
  const fs::path golden = kFolder / (GetParam() + ".golden.yaml");
  if (std::getenv("LOCKSTEP_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << text;
  EXPECT_EQ(text, Read(golden));
  // The job that is stored is one that the operator takes.
  const auto again = ConvertToTrainingJob({"", EncodeObject(converted->job), {}});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_TRUE(again->findings.empty()) << FormatFinding("hub", again->findings.front());
  EXPECT_EQ(again->job, converted->job);
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Ours, GoldenJobs, ::testing::ValuesIn(Names()), TestName);

}  // namespace
}  // namespace lockstep

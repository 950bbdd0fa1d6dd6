#include "runtime/metrics/file_reporter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "operators/observe/default_filter.h"
#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

// Around every power of ten and of two that a double holds exactly, and many in between.
std::vector<std::int64_t> ManySteps() {
  constexpr std::int64_t kMax = std::int64_t{1} << 53;
  std::vector<std::int64_t> steps;
  for (std::int64_t base : {2, 10}) {
    for (std::int64_t power = 1; power <= kMax; power *= base) {
      for (const std::int64_t step : {power - 1, power, power + 1, 3 * power}) {
        if (step > 0 && step <= kMax) steps.push_back(step);
      }
    }
  }
  std::mt19937_64 random(20261125);
  for (int i = 0; i < 20'000; ++i) {
    steps.push_back(static_cast<std::int64_t>(random() >> (11 + random() % 53)) + 1);
  }
  return steps;
}

// 100000 as "1e+05" is no step to the operator: its early-stopping rules would count from one
// again.
TEST(FileReporter, EveryStepIsReadBackByTheOperatorsParser) {
  const TemporaryFolder folder;
  const std::string path = folder.File("metrics.log");
  const std::vector<std::int64_t> steps = ManySteps();
  auto reporter = FileReporter::Open(path, SystemClock());
  ASSERT_TRUE(reporter.ok()) << reporter.status().ToString();
  for (const std::int64_t step : steps) {
    ASSERT_TRUE((*reporter)->Report(step, {{"loss", 0.25}}).ok()) << step;
  }
  std::ifstream in(path);
  std::string line;
  for (const std::int64_t step : steps) {
    ASSERT_TRUE(std::getline(in, line));
    EXPECT_EQ(ReportedStep(line), step) << line;
  }
  EXPECT_FALSE(std::getline(in, line));
}

}  // namespace
}  // namespace lockstep

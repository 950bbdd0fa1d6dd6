#include "operators/observe/prometheus_text.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr char kPage[] = R"(# HELP loss The loss.
# TYPE loss gauge
loss{set="train"} 0.5
loss{set="val",fold="a\"\\\nb"} 7.5e-1 1395066363000
lossless 9
  epoch_total{} 3
nan_value NaN
broken{set="x 1
loss_bucket{le="+Inf"} +Inf
)";

std::optional<std::string> Last(const std::string& series) {
  const auto parsed = ParsePrometheusSeries(series);
  EXPECT_TRUE(parsed) << series;
  return parsed ? LastPrometheusSample(kPage, *parsed) : std::nullopt;
}

TEST(PrometheusText, TheLastSampleOfANameCounts) {
  EXPECT_EQ(Last("loss"), "7.5e-1") << "whatever its labels";
  EXPECT_EQ(Last("epoch_total"), "3");
  EXPECT_EQ(Last("nan_value"), "NaN");
  EXPECT_EQ(Last("loss_bucket"), "+Inf");
  EXPECT_EQ(Last("broken"), std::nullopt);
  EXPECT_EQ(Last("los"), std::nullopt);
}

TEST(PrometheusText, LabelsChooseASeries) {
  EXPECT_EQ(Last(R"(loss{set="train"})"), "0.5");
  EXPECT_EQ(Last(R"(loss{fold="a\"\\\nb", set="val"})"), "7.5e-1") << "in any order";
  EXPECT_EQ(Last(R"(loss{set="val"})"), std::nullopt) << "all labels, or none";
  EXPECT_EQ(Last("epoch_total{}"), "3");
}

TEST(PrometheusText, WhatIsNoSeriesIsNotTakenForOne) {
  for (const char* text : {"", "a b", "a{", "a{b}", "a{b=c}", "a{b=\"c\"", "a{b=\"c\"}x", "{}"}) {
    EXPECT_FALSE(ParsePrometheusSeries(text)) << text;
  }
}

TEST(PrometheusText, APageMayEndAnywhere) {
  const std::string page = kPage;
  for (std::size_t size = 0; size <= page.size(); ++size) {
    LastPrometheusSample(page.substr(0, size), {.name = "loss", .labels = {}});
  }
}

}  // namespace
}  // namespace lockstep

#include "cli/completions.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/verb.h"

namespace lockstep {
namespace {

class CompletionsTest : public testing::Test {
 protected:
  CompletionsTest() : app_("test", "lockstep") {
    app_.add_option("--state-dir", context_.state_dir_flag);
    AddGetVerb(app_, context_);
    AddLogsVerb(app_, context_);
    AddWaitVerb(app_, context_);
    AddDeleteVerb(app_, context_);
    AddExportVerb(app_, context_);
    AddMetricsVerb(app_, context_);
    AddTopVerb(app_, context_);
    AddCompletionVerb(app_, context_);
  }

  // With a space between.
  std::string Complete(const std::vector<std::string>& words) {
    const auto names = [](const std::string& plural, const std::string& namespace_) {
      std::vector<std::string> found;
      if (plural == "trials") found = {"random-a", "random-b"};
      if (plural == "experiments") found = {"random"};
      if (namespace_ != "default") found = {namespace_ + "-" + plural};
      return found;
    };
    std::string text;
    for (const std::string& one : Completions(app_, words, names)) {
      text += (text.empty() ? "" : " ") + one;
    }
    return text;
  }

  VerbContext context_;
  CLI::App app_;
};

TEST_F(CompletionsTest, VerbsOptionsKindsAndNames) {
  EXPECT_EQ(Complete({"ge"}), "get");
  EXPECT_EQ(Complete({""}), "completion delete export get logs metrics top wait");
  EXPECT_EQ(Complete({"--state-dir", "/x", "ge"}), "get");
  EXPECT_EQ(Complete({"get", "--no"}), "--no-headers");
  EXPECT_EQ(Complete({"get", "--sta"}), "--state-dir");
  EXPECT_EQ(Complete({"get", "exp"}), "experiment/ experiments");
  EXPECT_EQ(Complete({"get", "trials", "random-"}), "random-a random-b");
  EXPECT_EQ(Complete({"get", "tr", ""}), "random-a random-b");
  EXPECT_EQ(Complete({"get", "tr", "-n", "x", ""}), "x-trials");
  EXPECT_EQ(Complete({"get", "trial/random-b"}), "trial/random-b");
  EXPECT_EQ(Complete({"delete", "exp/r", "trial/"}), "trial/random-a trial/random-b");
  EXPECT_EQ(Complete({"logs", "random-"}), "random-a random-b");
  EXPECT_EQ(Complete({"logs", "random", "--trial", "random"}), "random-a random-b");
  EXPECT_EQ(Complete({"logs", "random", "--trial", "l"}), "latest");
  EXPECT_EQ(Complete({"export", ""}), "random");
  EXPECT_EQ(Complete({"metrics", ""}), "parse scrape");
  EXPECT_EQ(Complete({"metrics", "parse", "--format", ""}), "JSON TEXT");
  EXPECT_EQ(Complete({"top", "t"}), "trials");
  EXPECT_EQ(Complete({"completion", ""}), "bash fish zsh");
}

TEST_F(CompletionsTest, ValuesOfOptionsInEveryWayOfWritingThem) {
  EXPECT_EQ(Complete({"get", "trials", "-o", "j"}), "json jsonpath=");
  EXPECT_EQ(Complete({"get", "trials", "--output", "y"}), "yaml");
  EXPECT_EQ(Complete({"get", "trials", "--output=y"}), "--output=yaml");
  EXPECT_EQ(Complete({"get", "trials", "--output", "=", "y"}), "yaml");  // as bash splits it
  EXPECT_EQ(Complete({"wait", "exp/random", "--for", "d"}), "delete");
  EXPECT_EQ(Complete({"delete", "--cascade", ""}), "background foreground");
  EXPECT_EQ(Complete({"delete", "-f", ""}), "") << "a file";
  EXPECT_EQ(Complete({"get", "--nothing=x"}), "");
  EXPECT_EQ(Complete({"nothing", ""}), "completion delete export get logs metrics top wait");
  EXPECT_EQ(Complete({}), "");
}

}  // namespace
}  // namespace lockstep

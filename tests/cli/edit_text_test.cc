#include "cli/edit_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

TEST(EditTextTest, OnlyWhatAUserDecidesIsShown) {
  Experiment experiment;
  experiment.meta.name = "a";
  experiment.meta.namespace_ = "default";
  experiment.meta.uid = "u";
  experiment.meta.resource_version = "7";
  experiment.meta.generation = 3;
  experiment.meta.creation_timestamp = "2026-01-01T00:00:00Z";
  experiment.meta.labels["team"] = "x";
  experiment.spec.max_trial_count = 3;
  experiment.status.trials = 2;
  EXPECT_EQ(EditableYaml(experiment),
            "apiVersion: kubeflow.org/v1beta1\n"
            "kind: Experiment\n"
            "metadata:\n"
            "  labels:\n"
            "    team: x\n"
            "  name: a\n"
            "  namespace: default\n"
            "spec:\n"
            "  maxTrialCount: 3\n");
}

TEST(EditTextTest, ProblemsStandInTheHeaderWithTheLinesOfTheNewText) {
  const ObjectKey key{"Experiment", "default", "a"};
  const std::string yaml = "# mine\na: 1\nb: x\n";
  const std::string text =
      EditorText(key, {{2, "spec.b: 'x' is no number"}, {0, "two\nlines"}}, "a: 1\nb: x\n");
  const std::size_t line =
      1 + static_cast<std::size_t>(std::count(
              text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("b: x\n")), '\n'));
  EXPECT_NE(text.find("# Experiment default/a was not changed:\n# * line " + std::to_string(line) +
                      ": spec.b: 'x' is no number\n# * two\n#   lines\n#\na: 1\n"),
            std::string::npos)
      << text;
  const EditedText edited = SplitEditorText(text);
  EXPECT_EQ(edited.yaml, "a: 1\nb: x\n");
  EXPECT_EQ(edited.header_lines + 2, static_cast<int>(line));
  EXPECT_EQ(SplitEditorText("a: 1\n# in it\n").yaml, "a: 1\n# in it\n");
  EXPECT_EQ(SplitEditorText("# only").yaml, "");
  EXPECT_EQ(SplitEditorText("").yaml, "");
  EXPECT_EQ(SplitEditorText(yaml).header_lines, 1);
}

}  // namespace
}  // namespace lockstep

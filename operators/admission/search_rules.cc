#include "operators/admission/rules.h"
#include "operators/suggest/suggester.h"

namespace lockstep {

void CheckSearch(const ExperimentSpec& spec, FindingList& findings) {
  if (!spec.algorithm) {
    findings.Error("spec.algorithm", "is missing: how is the space to be searched?");
    return;
  }
  if (spec.algorithm->algorithm_name.empty()) {
    findings.Error("spec.algorithm.algorithmName", "is missing");
    return;
  }
  // Algorithms look at the space: it must make sense by itself first.
  if (!findings.findings().empty()) return;
  for (const SettingError& error : CheckAlgorithm(spec)) {
    findings.Error("spec." + error.path, error.message);
  }
}

}  // namespace lockstep

#include "operators/admission/rules.h"
#include "operators/suggest/median_stop.h"
#include "operators/suggest/suggester.h"

namespace lockstep {

void CheckSearch(const ExperimentSpec& spec, FindingList& findings) {
  if (spec.early_stopping) {
    for (const SettingError& error : CheckEarlyStopping(*spec.early_stopping)) {
      findings.Error("spec." + error.path, error.message);
    }
  }
  if (!spec.algorithm) {
    findings.Error("spec.algorithm", "is missing: how is the space to be searched?");
    return;
  }
  if (spec.algorithm->algorithm_name.empty()) {
    findings.Error("spec.algorithm.algorithmName", "is missing");
    return;
  }
  const bool foreign = CheckForeignAlgorithm(spec, findings);
  for (const SettingError& error : CheckAlgorithm(spec)) {
    const std::string path = "spec." + error.path;
    foreign ? findings.Unsupported(path, error.message) : findings.Error(path, error.message);
  }
  if (spec.parameters.empty()) return;
  // What CheckParameters did not find; "parameters[0].name: what".
  const auto space = SearchSpace::Create(spec.parameters);
  if (space.ok()) return;
  const std::string& message = space.status().message();
  const std::size_t colon = message.find(": ");
  const std::string path = "spec." + message.substr(0, colon);
  for (const Finding& finding : findings.findings()) {
    if (finding.path.starts_with("spec.parameters")) return;
  }
  findings.Error(path, message.substr(colon + 2));
}

}  // namespace lockstep

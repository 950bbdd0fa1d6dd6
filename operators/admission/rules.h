// The rules of admission, one file a noun. Each adds its findings at full paths ("spec.objective").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/config_map.h"
#include "operators/api/experiment.h"
#include "operators/api/finding_list.h"
#include "operators/api/object.h"
#include "operators/api/training_job.h"

namespace lockstep {

// Names that Kubernetes takes for an object, in at most `bytes_max`.
void CheckName(const ObjectMeta& meta, std::size_t bytes_max, FindingList& findings);
void CheckNamespace(const ObjectMeta& meta, FindingList& findings);
// Keys, base64 and size of a ConfigMap.
void CheckConfigMap(const ConfigMap& map, FindingList& findings);
void CheckConfigMapUpdate(const ConfigMap& before, const ConfigMap& after, FindingList& findings);
// The spec of a TrainingRuntime or ClusterTrainingRuntime.
void CheckTrainingRuntime(const Json& spec, FindingList& findings);
// Of a Secret; no message holds a value.
void CheckSecret(const Secret& secret, FindingList& findings);
void CheckSecretUpdate(const Secret& before, const Secret& after, FindingList& findings);
void CheckObjective(const ExperimentSpec& spec, FindingList& findings);
void CheckCounts(const ExperimentSpec& spec, FindingList& findings);
void CheckParameters(const ExperimentSpec& spec, FindingList& findings);
// The parameters of an architecture search's operation as well.
void CheckParameterList(const std::vector<ParameterSpec>& parameters, const std::string& path,
                        FindingList& findings);
void CheckNas(const ExperimentSpec& spec, FindingList& findings);
// Algorithm and early stopping, and their settings.
void CheckSearch(const ExperimentSpec& spec, FindingList& findings);
void CheckCollector(const ExperimentSpec& spec, FindingList& findings);
// Settings of Katib's algorithms that this version does not have, for those that it checks itself
// see operators/suggest. False: `algorithm` is none of them.
bool CheckForeignAlgorithm(const ExperimentSpec& spec, FindingList& findings);
// The template, then the first trial's job, rendered with sample values.
void CheckTemplate(const Experiment& experiment, const ConfigMapLookup& config_maps,
                   const RuntimeLookup& runtimes, FindingList& findings);
void CheckTrainingJob(const TrainingJob& job, FindingList& findings);
// The annotations of lockstep.dev/ (operators/api/intent.h). CheckTemplate looks at those of the
// trials' job.
void CheckIntents(const Object& object, FindingList& findings);
// What conversion does not look at: policy and numbers of the spec at `path`.
void CheckTrainingJobSpec(const TrainingJobSpec& spec, const std::string& path,
                          FindingList& findings);

// `"typed" is not a WHAT (did you mean x?): use a, b or c` unless `typed` is one of `allowed`.
void CheckChoice(const std::string& typed, std::string_view what,
                 const std::vector<std::string_view>& allowed, std::string path,
                 FindingList& findings);

}  // namespace lockstep

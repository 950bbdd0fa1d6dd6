// The kinds that become a TrainingJob: one function and one file each.
#pragma once

#include "operators/api/finding_list.h"
#include "operators/api/training_job.h"
#include "operators/api/training_runtime.h"

namespace lockstep {

TrainingJob ConvertJob(const Json& manifest, FindingList& findings);
TrainingJob ConvertJaxJob(const Json& manifest, FindingList& findings);
TrainingJob ConvertPaddleJob(const Json& manifest, FindingList& findings);
TrainingJob ConvertPyTorchJob(const Json& manifest, FindingList& findings);
TrainingJob ConvertTfJob(const Json& manifest, FindingList& findings);
TrainingJob ConvertXgboostJob(const Json& manifest, FindingList& findings);
TrainingJob ConvertTrainingJob(const Json& manifest, FindingList& findings);

TrainingJob ConvertMpiJobV1(const Json& manifest, FindingList& findings);
TrainingJob ConvertMpiJobV2Beta1(const Json& manifest, FindingList& findings);
TrainingJob ConvertTrainJob(const Json& manifest, const RuntimeLookup& runtimes,
                            FindingList& findings);

}  // namespace lockstep

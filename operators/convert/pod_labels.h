// The labels of the pod that a rank stands for, as the operator of the job's own kind sets them.
#pragma once

#include "operators/api/meta.h"
#include "operators/api/training_job.h"

namespace lockstep {

inline constexpr char kReplicaTypeLabel[] = "training.kubeflow.org/replica-type";
inline constexpr char kReplicaIndexLabel[] = "training.kubeflow.org/replica-index";
inline constexpr char kJobNameLabel[] = "training.kubeflow.org/job-name";
inline constexpr char kOperatorNameLabel[] = "training.kubeflow.org/operator-name";
// "master": on one pod of a job, the one whose metrics count and whose end may decide.
inline constexpr char kJobRoleLabel[] = "training.kubeflow.org/job-role";
inline constexpr char kCompletionIndexLabel[] = "batch.kubernetes.io/job-completion-index";

// The labels of its role's template, with the tokens of a rank replaced. The label job-role=master
// of a role with several ranks is on the first of them alone, but on each master of a PaddleJob.
// None when there is no such rank.
Labels PodLabels(const TrainingJob& job, int rank);

}  // namespace lockstep

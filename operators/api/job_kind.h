// The kinds of jobs that are kept as TrainingJobs (spec.source), as users name them. Pure.
//
//   jobs, job        every job, whatever its kind: a name is shared by all of them
//   pytorchjobs ...  those that were applied as this kind
//   jobs.batch       those that were applied as batch/v1 Job
//   trainingjobs     every job, as what it runs as: not a kind of these
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

// "Job" stands for every job; "Job.batch" for those of batch/v1.
inline constexpr char kAnyJob[] = "Job";
inline constexpr char kBatchJob[] = "Job.batch";

// Every job first, then the kinds, in the order in which they are told.
const std::vector<KindName>& JobKindNames();
bool IsJobKind(std::string_view kind);

// What was applied: "PyTorchJob", "kubeflow.org/v1"; of a TrainingJob itself its own.
std::string AppliedKind(const TrainingJob& job);
std::string AppliedApiVersion(const TrainingJob& job);
// KeyOf, with the kind that was applied.
ObjectKey AppliedKey(const Object& object);
// Whether `kind`, one of JobKindNames' or TrainingJob, means this job.
bool IsOfKind(const TrainingJob& job, std::string_view kind);

}  // namespace lockstep

// What is read for the metrics of a trial, and what its job must do so that it can be read: decided
// here, for every kind of collector, from the collector and the job alone. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/training_job.h"
#include "runtime/base/status.h"

namespace lockstep {

inline constexpr char kStdOutSource[] = "stdout";
inline constexpr char kMetricsFileName[] = "metrics.log";      // LOCKSTEP_METRICS_FILE
inline constexpr char kCollectorName[] = "metrics-collector";  // the sidecar; NAME.log is its log
inline constexpr char kMetricsVolume[] = "metrics-volume";     // as Katib calls it

enum class SourceFormat : std::uint8_t { kText, kJson, kEvents };

// One file in the job directory, or (kEvents) all event files below a folder of it.
struct MetricSource {
  std::string name;  // of its ReadMark
  std::string file;  // relative to the job directory
  SourceFormat format = SourceFormat::kText;
  std::vector<std::string> filters = {};  // kText
  std::string folder = {};                // kEvents: `file`, as the program sees it
  std::string told = {};                  // "the file /katib/metrics.log"
  std::string hint = {};  // what to do, when it has no number: "write a line with loss=VALUE to it"
};

// Of which rank: as spec.metricsCollector says.
int PrimaryRankOf(const TrainingJobSpec& job);

// In the order of reading. `job` is what PrepareJob made of the trial's.
std::vector<MetricSource> MetricSources(const MetricsCollectorSpec& collector,
                                        const ObjectiveSpec& objective, const TrainingJobSpec& job);

// Adds to a trial's job what its collector needs: a volume for the folder of its file, as Katib's
// webhook does, in each rank's program (that of the primary rank is read), unless the program
// mounts one of its own there; the file of reports; the sidecar. InvalidArgument names the mount
// that is in the way.
Status PrepareJob(const MetricsCollectorSpec& collector, const ObjectiveSpec& objective,
                  TrainingJobSpec& job);

}  // namespace lockstep

// UsageTable: what `lockstep top` shows. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/process_table.h"
#include "cli/table_printer.h"
#include "operators/api/object.h"

namespace lockstep {

struct RunningJob {
  TrainingJob job;
  std::string job_dir;  // of the generation that runs
};

// A row for each rank of each job; ranks that nothing runs of are left out, unless it is all of
// them: then the job has a row of its own.
Table MakeJobUsage(const std::vector<RunningJob>& jobs, const RankUsage& usage, WallTime now);
// A row for each trial that has a job that runs.
Table MakeTrialUsage(const std::vector<Trial>& trials, const std::vector<RunningJob>& jobs,
                     const RankUsage& usage, WallTime now);
// A row for each Experiment that has not ended.
Table MakeExperimentUsage(const std::vector<Experiment>& experiments,
                          const std::vector<RunningJob>& jobs, const RankUsage& usage,
                          WallTime now);
// One row: this machine.
struct NodeView {
  std::string host;
  int cores = 1;
  MachineUsage before;
  MachineUsage after;
};
Table MakeNodeUsage(const NodeView& node, const std::vector<RunningJob>& jobs,
                    const RankUsage& usage);

// "0", "512Ki", "3.2Mi", "1.5Gi".
std::string FormatBytes(std::uint64_t bytes);

}  // namespace lockstep

#include "cli/usage_table.h"

#include <array>
#include <cstdio>
#include <set>

#include "cli/object_state.h"
#include "cli/object_table.h"

namespace lockstep {
namespace {

std::string Percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f%%", share * 100);
  return text.data();
}

std::string LabelOf(const ObjectMeta& meta, const char* label) {
  const auto found = meta.labels.find(label);
  return found == meta.labels.end() ? "" : found->second;
}

struct JobUsage {
  Usage usage;
  int ranks = 0;  // that run

  JobUsage& operator+=(const JobUsage& other) {
    usage += other.usage;
    ranks += other.ranks;
    return *this;
  }
};

JobUsage UsageOf(const RunningJob& job, const RankUsage& usage) {
  JobUsage sum;
  for (auto at = usage.lower_bound({job.job_dir, 0});
       at != usage.end() && at->first.first == job.job_dir; ++at) {
    sum += JobUsage{at->second, 1};
  }
  return sum;
}

}  // namespace

Table MakeJobUsage(const std::vector<RunningJob>& jobs, const RankUsage& usage, WallTime now) {
  Table table{{"JOB", "RANK", "PROCESSES", "CPU", "MEMORY", "ELAPSED"}, {}};
  for (const RunningJob& job : jobs) {
    const std::string elapsed = FormatSpan(job.job.status.start_time, "", now);
    auto at = usage.lower_bound({job.job_dir, 0});
    if (at == usage.end() || at->first.first != job.job_dir) {
      table.rows.push_back({job.job.meta.name, "", "0", "0%", "0", elapsed});
    }
    for (; at != usage.end() && at->first.first == job.job_dir; ++at) {
      table.rows.push_back({job.job.meta.name, std::to_string(at->first.second),
                            std::to_string(at->second.processes), Percent(at->second.cpu),
                            FormatBytes(at->second.memory_bytes), elapsed});
    }
  }
  return table;
}

Table MakeTrialUsage(const std::vector<Trial>& trials, const std::vector<RunningJob>& jobs,
                     const RankUsage& usage, WallTime now) {
  Table table{{"TRIAL", "EXPERIMENT", "RANKS", "CPU", "MEMORY", "OBJECTIVE", "ELAPSED"}, {}};
  for (const Trial& trial : trials) {
    for (const RunningJob& job : jobs) {
      if (job.job.meta.name != trial.meta.name || job.job.meta.namespace_ != trial.meta.namespace_)
        continue;
      const JobUsage sum = UsageOf(job, usage);
      const ObjectiveSpec objective = trial.spec.objective.value_or(ObjectiveSpec{});
      table.rows.push_back({trial.meta.name, LabelOf(trial.meta, kExperimentLabel),
                            std::to_string(sum.ranks) + "/" + std::to_string(RanksOf(job.job)),
                            Percent(sum.usage.cpu), FormatBytes(sum.usage.memory_bytes),
                            ShortNumber(MetricValue(objective, trial.status.observation,
                                                    objective.objective_metric_name)),
                            FormatSpan(trial.status.start_time, "", now)});
    }
  }
  return table;
}

Table MakeExperimentUsage(const std::vector<Experiment>& experiments,
                          const std::vector<RunningJob>& jobs, const RankUsage& usage,
                          WallTime now) {
  Table table{{"EXPERIMENT", "STATUS", "RUNNING", "RANKS", "CPU", "MEMORY", "ELAPSED"}, {}};
  for (const Experiment& experiment : experiments) {
    if (IsFinished(experiment)) continue;
    JobUsage sum;
    for (const RunningJob& job : jobs) {
      const ObjectMeta& meta = job.job.meta;
      if (meta.namespace_ == experiment.meta.namespace_ &&
          LabelOf(meta, kExperimentLabel) == experiment.meta.name) {
        sum += UsageOf(job, usage);
      }
    }
    table.rows.push_back({experiment.meta.name, StateOf(experiment),
                          std::to_string(experiment.status.trials_running),
                          std::to_string(sum.ranks), Percent(sum.usage.cpu),
                          FormatBytes(sum.usage.memory_bytes),
                          FormatSpan(experiment.status.start_time, "", now)});
  }
  return table;
}

Table MakeNodeUsage(const NodeView& node, const std::vector<RunningJob>& jobs,
                    const RankUsage& usage) {
  JobUsage sum;
  for (const RunningJob& job : jobs) sum += UsageOf(job, usage);
  const auto all = node.after.all_ticks - node.before.all_ticks;
  const auto busy = node.after.busy_ticks - node.before.busy_ticks;
  const double share = all == 0 ? 0 : static_cast<double>(busy) / static_cast<double>(all);
  std::array<char, 32> load{};
  std::snprintf(load.data(), load.size(), "%.2f", node.after.load);
  const std::uint64_t used = node.after.memory_bytes - node.after.memory_available_bytes;
  return {
      {"NAME", "CORES", "CPU", "LOAD", "MEMORY", "JOBS", "RANKS", "JOBS-CPU", "JOBS-MEMORY"},
      {{node.host, std::to_string(node.cores), Percent(share), load.data(),
        FormatBytes(used) + "/" + FormatBytes(node.after.memory_bytes), std::to_string(jobs.size()),
        std::to_string(sum.ranks), Percent(sum.usage.cpu), FormatBytes(sum.usage.memory_bytes)}}};
}

std::string FormatBytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"", "Ki", "Mi", "Gi", "Ti"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit > 0 && value < 10 ? "%.1f%s" : "%.0f%s", value,
                kUnits[unit]);
  return text.data();
}

}  // namespace lockstep

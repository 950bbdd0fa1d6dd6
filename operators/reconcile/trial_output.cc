#include "operators/reconcile/trial_output.h"

#include <map>

#include "operators/observe/log_parser.h"
#include "operators/observe/read_position.h"

namespace lockstep {
namespace {

constexpr std::size_t kChunkBytes = 4u << 20;  // more than the parser takes as one line
constexpr int kChunksPerCall = 8;

Result<std::unique_ptr<LogParser>> ParserOf(const Trial& trial) {
  LogParserOptions options;
  if (const auto& objective = trial.spec.objective) {
    options.metrics.push_back(objective->objective_metric_name);
    for (const std::string& name : objective->additional_metric_names)
      options.metrics.push_back(name);
  }
  if (const auto& collector = trial.spec.metrics_collector;
      collector && collector->source && collector->source->filter)
    options.filters = collector->source->filter->metrics_format;
  return LogParser::Create(std::move(options));
}

// Rows whose line says no step get the number of the metric's report.
Status CountReports(const std::string& trial_uid, const ObservationStore& observations,
                    std::vector<MetricRow>& rows) {
  std::map<std::string, std::int64_t> reports;
  for (MetricRow& row : rows) {
    auto [count, first] = reports.try_emplace(row.name, 0);
    if (first) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::uint64_t before,
                                observations.Count(trial_uid, row.name));
      count->second = static_cast<std::int64_t>(before);
    }
    ++count->second;
    if (row.step == 0) row.step = count->second;
  }
  return OkStatus();
}

}  // namespace

Result<NewOutput> ReadTrialOutput(const Trial& trial, const TrainingJob& job, bool job_ended,
                                  JobBackend& backend, ObservationStore& observations) {
  NewOutput output;
  std::unique_ptr<LogParser> parser;
  const std::string& uid = trial.meta.uid;
  ReadMark mark{.source = "stdout", .before = {}, .after = {}};
  LOCKSTEP_ASSIGN_OR_RETURN(mark.before, observations.Mark(uid, mark.source));
  for (int chunk = 0; chunk < kChunksPerCall; ++chunk) {
    LOCKSTEP_ASSIGN_OR_RETURN(const ReadPosition at, ParseReadPosition(mark.before));
    const JobId id{job.meta.namespace_, job.meta.name, job.meta.uid, at.generation};
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string text,
                              backend.ReadLog(id, 0, at.offset, kChunkBytes));
    const bool generation_ended = job_ended || at.generation < job.status.generation;
    if (text.empty() && at.generation >= job.status.generation) return output;
    ReadPosition next = at;
    std::vector<MetricRow> rows;
    if (text.empty()) {
      next = {.generation = at.generation + 1};
    } else {
      if (!parser) {
        LOCKSTEP_ASSIGN_OR_RETURN(parser, ParserOf(trial));
      }
      // A full chunk without a line feed is one line that will be cut anyway.
      const bool at_end = generation_ended && text.size() < kChunkBytes;
      LOCKSTEP_ASSIGN_OR_RETURN(ParsedText parsed, parser->Parse(text, at_end));
      if (parsed.consumed == 0 && text.size() == kChunkBytes) {
        LOCKSTEP_ASSIGN_OR_RETURN(parsed, parser->Parse(text, true));
      }
      if (parsed.consumed == 0) return output;  // half a line: the rest will come
      next.offset += parsed.consumed;
      rows = std::move(parsed.rows);
      LOCKSTEP_RETURN_IF_ERROR(CountReports(uid, observations, rows));
    }
    mark.after = FormatReadPosition(next);
    LOCKSTEP_RETURN_IF_ERROR(observations.Append(uid, rows, mark));
    output.rows = output.rows || !rows.empty();
    mark.before = std::move(mark.after);
  }
  output.more = true;
  return output;
}

}  // namespace lockstep

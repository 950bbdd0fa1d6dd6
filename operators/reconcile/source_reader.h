// Reads one source of a trial's metrics on from its mark, and stores the rows with the new mark.
//
// Mark and rows are kept in one commit, so that an operator killed at any moment loses no row and
// stores none twice.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "operators/backend/job_backend.h"
#include "operators/observe/collector_plan.h"
#include "operators/observe/log_parser.h"
#include "operators/observe/observation_store.h"
#include "operators/observe/read_position.h"

namespace lockstep {

class SourceReader {
 public:
  // `job_ended`: nothing is written any more; the last line counts without a line feed too. All
  // outlive the reader.
  SourceReader(const Trial& trial, const TrainingJob& job, bool job_ended, JobBackend& backend,
               ObservationStore& observations)
      : trial_(trial),
        job_(job),
        job_ended_(job_ended),
        backend_(backend),
        observations_(observations) {}

  // One call of each reader reads a bounded amount of all sources together.
  Status Read(const MetricSource& source);
  bool rows() const { return rows_; }             // some were stored
  bool more() const { return chunks_left_ < 0; }  // there is more to read at once

 private:
  struct Cursor {
    ReadMark mark;
    ReadPosition at;  // what mark.before says
  };
  // What a piece of a file turned out to hold.
  struct Parsed {
    std::vector<MetricRow> rows;
    ReadPosition next;
    bool moved = false;  // `next` is ahead
  };

  Status ReadText(const MetricSource& source);
  // False: there is no more now.
  Result<bool> ReadTextPiece(const MetricSource& source, Cursor& cursor);
  // The rest of the file that was read so far, and that is called something else by now; false: of
  // that there is nothing left.
  Result<bool> ReadRenamed(const MetricSource& source, bool last, Cursor& cursor);
  Result<bool> KeepLines(const MetricSource& source, const std::string& text, bool last,
                         Cursor& cursor);

  Status ReadEvents(const MetricSource& source);
  Status ReadEventFile(const MetricSource& source, const ListedFile& file, int generation);
  Result<Parsed> ParseRecords(const MetricSource& source, const std::string& file,
                              const std::string& bytes, const ReadPosition& at) const;

  Result<Cursor> CursorOf(const std::string& source) const;
  // Stores `rows` and moves the cursor to `next`.
  Status Keep(const std::vector<MetricRow>& rows, const ReadPosition& next, Cursor& cursor);
  Status CountReports(std::vector<MetricRow>& rows) const;
  std::vector<std::string> Metrics() const;
  JobId IdOf(int generation) const;
  bool Ended(int generation) const { return job_ended_ || generation < job_.status.generation; }

  const Trial& trial_;
  const TrainingJob& job_;
  const bool job_ended_;
  JobBackend& backend_;
  ObservationStore& observations_;
  std::unique_ptr<LogParser> parser_;  // of the source that is being read; made when there is text
  int chunks_left_ = 8;
  bool rows_ = false;
};

// The name of the mark of an event file, by what it is called below the source's folder.
std::string EventFileMark(const MetricSource& source, const std::string& file);
bool IsEventFile(std::string_view name);

}  // namespace lockstep

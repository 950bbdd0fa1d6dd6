// An ObservationStore keeps every metric row of every trial, and how far each source of its metrics
// has been read.
//
// Rows and the mark of their source are committed together, so that an operator killed at any
// moment goes on where it was: no row lost, none twice. Rows outlive their trial until Forget.
//
// Thread safety: all methods from any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

struct MetricRow {
  std::string name;
  std::string value;      // as printed
  std::string time;       // as printed, RFC 3339; "0001-01-01T00:00:00Z" where the line had none
  std::int64_t step = 0;  // `epoch=` (else `step=`) of the same line; else 1 for the metric's first
                          // report, 2 for its second, ...
  friend bool operator==(const MetricRow&, const MetricRow&) = default;
};

// How far one source of a trial's metrics ("stdout", "file", ...) has been read: text that only its
// reader understands, "" at the beginning.
struct ReadMark {
  std::string source;
  std::string before;
  std::string after;
};

class ObservationStore {
 public:
  static constexpr std::size_t kAllRows = std::numeric_limits<std::size_t>::max();

  virtual ~ObservationStore() = default;
  // Appends `rows` and moves the mark of its source from `before` to `after`, at once or not at
  // all. Conflict: the mark was not `before` any more.
  virtual Status Append(std::string_view trial_uid, const std::vector<MetricRow>& rows,
                        const ReadMark& mark) = 0;
  // In the order they were appended, the first `rows_max` of them; only those of `name` unless it
  // is empty.
  virtual Result<std::vector<MetricRow>> Rows(std::string_view trial_uid, std::string_view name,
                                              std::size_t rows_max = kAllRows) const = 0;
  // How many rows `name` has.
  virtual Result<std::uint64_t> Count(std::string_view trial_uid, std::string_view name) const = 0;
  // "" for a source that was never read.
  virtual Result<std::string> Mark(std::string_view trial_uid, std::string_view source) const = 0;
  // Of all trials with rows or a mark, in no order.
  virtual Result<std::vector<std::string>> TrialUids() const = 0;
  virtual Status Forget(std::string_view trial_uid) = 0;
};

// What Append says when the mark is `now`.
Status MarkConflict(std::string_view trial_uid, const ReadMark& mark, std::string_view now);

}  // namespace lockstep

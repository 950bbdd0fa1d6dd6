// An ObservationStore keeps every metric row of every trial, and how far each trial's output has
// been read.
//
// Rows and the read position are committed together, so that an operator killed at any moment goes
// on where it was: no row lost, none twice. Rows outlive their trial until Forget.
//
// Thread safety: all methods from any thread.
#pragma once

#include <cstdint>
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

class ObservationStore {
 public:
  virtual ~ObservationStore() = default;
  // Appends `rows` and sets the read position to `position`, at once or not at all. Conflict: the
  // position was not `expected` any more.
  virtual Status Append(std::string_view trial_uid, const std::vector<MetricRow>& rows,
                        std::uint64_t expected, std::uint64_t position) = 0;
  // All rows, in the order they were appended; only those of `name` unless it is empty.
  virtual Result<std::vector<MetricRow>> Rows(std::string_view trial_uid,
                                              std::string_view name) const = 0;
  // Bytes of the trial's output read so far; 0 for an unknown trial.
  virtual Result<std::uint64_t> Position(std::string_view trial_uid) const = 0;
  // Of all trials with rows or a read position, in no order.
  virtual Result<std::vector<std::string>> TrialUids() const = 0;
  virtual Status Forget(std::string_view trial_uid) = 0;
};

// What Append says when the position is `now`, not `expected`.
Status PositionConflict(std::string_view trial_uid, std::uint64_t expected, std::uint64_t now);

}  // namespace lockstep

// An ObservationStore that remembers nothing.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "operators/observe/observation_store.h"

namespace lockstep {

class MemoryObservationStore final : public ObservationStore {
 public:
  Status Append(std::string_view trial_uid, const std::vector<MetricRow>& rows,
                std::uint64_t expected, std::uint64_t position) override {
    std::lock_guard lock(mutex_);
    Kept& kept = trials_[std::string(trial_uid)];
    if (kept.position != expected) return Conflict("the position has moved");
    kept.rows.insert(kept.rows.end(), rows.begin(), rows.end());
    kept.position = position;
    return OkStatus();
  }
  Result<std::vector<MetricRow>> Rows(std::string_view trial_uid,
                                      std::string_view name) const override {
    std::lock_guard lock(mutex_);
    const auto found = trials_.find(trial_uid);
    if (found == trials_.end()) return std::vector<MetricRow>();
    std::vector<MetricRow> rows = found->second.rows;
    std::erase_if(rows, [&](const MetricRow& row) { return !name.empty() && row.name != name; });
    return rows;
  }
  Result<std::uint64_t> Position(std::string_view trial_uid) const override {
    std::lock_guard lock(mutex_);
    const auto found = trials_.find(trial_uid);
    return found == trials_.end() ? 0 : found->second.position;
  }
  Status Forget(std::string_view trial_uid) override {
    std::lock_guard lock(mutex_);
    trials_.erase(std::string(trial_uid));
    return OkStatus();
  }

 private:
  struct Kept {
    std::vector<MetricRow> rows;
    std::uint64_t position = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Kept, std::less<>> trials_;  // guarded by mutex_
};

}  // namespace lockstep

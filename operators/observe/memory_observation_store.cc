#include "operators/observe/memory_observation_store.h"

#include <map>
#include <mutex>

namespace lockstep {
namespace {

class MemoryObservationStore final : public ObservationStore {
 public:
  Status Append(std::string_view trial_uid, const std::vector<MetricRow>& rows,
                std::uint64_t expected, std::uint64_t position) override {
    const std::lock_guard lock(mutex_);
    const auto found = trials_.find(trial_uid);
    const std::uint64_t now = found == trials_.end() ? 0 : found->second.position;
    if (now != expected) return PositionConflict(trial_uid, expected, now);
    Trial& trial = trials_[std::string(trial_uid)];
    trial.rows.insert(trial.rows.end(), rows.begin(), rows.end());
    trial.position = position;
    return OkStatus();
  }

  Result<std::vector<MetricRow>> Rows(std::string_view trial_uid,
                                      std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    std::vector<MetricRow> rows;
    const auto found = trials_.find(trial_uid);
    if (found == trials_.end()) return rows;
    for (const MetricRow& row : found->second.rows) {
      if (name.empty() || row.name == name) rows.push_back(row);
    }
    return rows;
  }

  Result<std::uint64_t> Position(std::string_view trial_uid) const override {
    const std::lock_guard lock(mutex_);
    const auto found = trials_.find(trial_uid);
    return found == trials_.end() ? 0 : found->second.position;
  }

  Result<std::vector<std::string>> TrialUids() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> uids;
    for (const auto& [uid, trial] : trials_) uids.push_back(uid);
    return uids;
  }

  Status Forget(std::string_view trial_uid) override {
    const std::lock_guard lock(mutex_);
    if (const auto found = trials_.find(trial_uid); found != trials_.end()) trials_.erase(found);
    return OkStatus();
  }

 private:
  struct Trial {
    std::vector<MetricRow> rows;
    std::uint64_t position = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Trial, std::less<>> trials_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<ObservationStore> MakeMemoryObservationStore() {
  return std::make_unique<MemoryObservationStore>();
}

}  // namespace lockstep

#include "operators/observe/memory_observation_store.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace lockstep {
namespace {

class MemoryObservationStore final : public ObservationStore {
 public:
  Status Append(std::string_view trial_uid, const std::vector<MetricRow>& rows,
                const ReadMark& mark) override {
    const std::lock_guard lock(mutex_);
    const std::string now = MarkLocked(trial_uid, mark.source);
    if (now != mark.before) return MarkConflict(trial_uid, mark, now);
    Trial& trial = trials_[std::string(trial_uid)];
    trial.rows.insert(trial.rows.end(), rows.begin(), rows.end());
    trial.marks[mark.source] = mark.after;
    return OkStatus();
  }

  Result<std::vector<MetricRow>> Rows(std::string_view trial_uid, std::string_view name,
                                      std::size_t rows_max) const override {
    const std::lock_guard lock(mutex_);
    std::vector<MetricRow> rows;
    const auto found = trials_.find(trial_uid);
    if (found == trials_.end()) return rows;
    for (const MetricRow& row : found->second.rows) {
      if (rows.size() == rows_max) break;
      if (name.empty() || row.name == name) rows.push_back(row);
    }
    return rows;
  }

  Result<std::uint64_t> Count(std::string_view trial_uid, std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    const auto found = trials_.find(trial_uid);
    if (found == trials_.end()) return 0;
    return static_cast<std::uint64_t>(
        std::ranges::count(found->second.rows, name, &MetricRow::name));
  }

  Result<std::string> Mark(std::string_view trial_uid, std::string_view source) const override {
    const std::lock_guard lock(mutex_);
    return MarkLocked(trial_uid, source);
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
    std::map<std::string, std::string, std::less<>> marks;  // of each source
  };

  std::string MarkLocked(std::string_view trial_uid, std::string_view source) const {
    const auto trial = trials_.find(trial_uid);
    if (trial == trials_.end()) return "";
    const auto mark = trial->second.marks.find(source);
    return mark == trial->second.marks.end() ? "" : mark->second;
  }

  mutable std::mutex mutex_;
  std::map<std::string, Trial, std::less<>> trials_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<ObservationStore> MakeMemoryObservationStore() {
  return std::make_unique<MemoryObservationStore>();
}

}  // namespace lockstep

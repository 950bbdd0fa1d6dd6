#include "runtime/comm/thread_communicator.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "runtime/comm/host_communicator.h"
#include "runtime/comm/reduction.h"

namespace lockstep {
namespace {

// Everybody lays down its operation; the last one to come carries it out for all.
struct ThreadGroup {
  explicit ThreadGroup(int size) : arrived(size), left(size) {}

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<const Collective*> arrived;  // by rank; guarded by mutex, as all below
  std::vector<bool> left;
  std::uint64_t rounds = 0;  // operations carried out
  Status ended;
  // By (sequence, color): the group, and how many of its members have still to fetch it.
  std::map<std::pair<std::uint64_t, int>, std::pair<std::shared_ptr<ThreadGroup>, std::size_t>>
      splits;
};

void Copy(const std::byte* from, std::size_t bytes, std::byte* to) {
  if (from != to && bytes != 0) std::memcpy(to, from, bytes);
}

// `sources` + offset, reduced into `to`.
void ReduceAt(const std::vector<const Collective*>& all, std::size_t offset, std::byte* to) {
  std::vector<const void*> sources;
  for (const Collective* one : all) sources.push_back(one->source + offset);
  const CollectiveShape& shape = all[0]->shape;
  Reduce(shape.type, shape.op, sources, shape.count, to);
}

void CarryOut(const std::vector<const Collective*>& all) {
  const CollectiveShape& shape = all[0]->shape;
  const std::size_t bytes = shape.count * DataTypeBytes(shape.type);
  switch (shape.kind) {
    case CollectiveKind::kAllReduce:
      ReduceAt(all, 0, all[0]->target);
      for (const Collective* one : all) Copy(all[0]->target, bytes, one->target);
      return;
    case CollectiveKind::kReduceScatter:
      for (std::size_t rank = 0; rank < all.size(); ++rank)
        ReduceAt(all, rank * bytes, all[rank]->target);
      return;
    case CollectiveKind::kAllGather:
      for (std::size_t from = 0; from < all.size(); ++from)
        for (const Collective* one : all)
          Copy(all[from]->source, bytes, one->target + from * bytes);
      return;
    case CollectiveKind::kBroadcast:
      for (const Collective* one : all) Copy(all[shape.root]->source, bytes, one->target);
      return;
  }
}

class ThreadEngine final : public Engine {
 public:
  ThreadEngine(std::shared_ptr<ThreadGroup> group, int rank)
      : group_(std::move(group)), rank_(rank), size_(static_cast<int>(group_->left.size())) {}

  ~ThreadEngine() override {
    const std::lock_guard lock(group_->mutex);
    group_->left[rank_] = true;
    group_->changed.notify_all();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  Status Run(const Collective& collective, std::uint64_t sequence) override {
    ThreadGroup& group = *group_;
    std::unique_lock lock(group.mutex);
    if (!group.ended.ok()) return group.ended;
    group.arrived[rank_] = &collective;
    running_ = {collective.shape.kind, sequence};
    if (Missing().empty()) return Finish(sequence);
    const std::uint64_t round = group.rounds;
    group.changed.wait(
        lock, [&] { return group.rounds != round || !group.ended.ok() || !Gone().empty(); });
    if (group.rounds != round) return OkStatus();
    if (group.ended.ok())
      group.ended = Unavailable(DescribeMissing(Gone(), collective.shape.kind, sequence) +
                                ": it has left the group");
    group.changed.notify_all();
    return group.ended;
  }

  void Abort(const Status& reason) override {
    const std::lock_guard lock(group_->mutex);
    if (group_->ended.ok()) group_->ended = reason;
    group_->changed.notify_all();
  }

  std::string WaitingFor() override {
    const std::lock_guard lock(group_->mutex);
    if (!group_->ended.ok() || group_->arrived[rank_] == nullptr) return "";
    return DescribeMissing(Missing(), running_.first, running_.second);
  }

  Result<std::unique_ptr<Engine>> Split(const std::vector<int>& members, int color,
                                        std::uint64_t sequence, MonotonicTime) override {
    const std::lock_guard lock(group_->mutex);
    auto& [split, to_come] = group_->splits[{sequence, color}];
    if (split == nullptr) {
      split = std::make_shared<ThreadGroup>(static_cast<int>(members.size()));
      to_come = members.size();
    }
    const auto place = std::find(members.begin(), members.end(), rank_) - members.begin();
    std::unique_ptr<Engine> engine = std::make_unique<ThreadEngine>(split, static_cast<int>(place));
    if (--to_come == 0) group_->splits.erase({sequence, color});
    return engine;
  }

 private:
  // Who has not laid down its operation; the caller holds the mutex.
  std::vector<int> Missing() const {
    std::vector<int> missing;
    for (int peer = 0; peer < size_; ++peer)
      if (group_->arrived[peer] == nullptr) missing.push_back(peer);
    return missing;
  }

  std::vector<int> Gone() const {
    std::vector<int> gone = Missing();
    std::erase_if(gone, [this](int peer) { return !group_->left[peer]; });
    return gone;
  }

  // The last to come; the caller holds the mutex.
  Status Finish(std::uint64_t sequence) {
    ThreadGroup& group = *group_;
    const CollectiveShape& mine = group.arrived[rank_]->shape;
    for (int peer = 0; peer < size_; ++peer)
      if (group.arrived[peer]->shape != mine)
        group.ended = OrderBreach(rank_, mine, peer, group.arrived[peer]->shape, sequence);
    if (group.ended.ok()) {
      CarryOut(group.arrived);
      group.arrived.assign(size_, nullptr);
      ++group.rounds;
    }
    group.changed.notify_all();
    return group.ended;
  }

  const std::shared_ptr<ThreadGroup> group_;
  const int rank_;
  const int size_;
  // The operation laid down last and its number; guarded by the group's mutex.
  std::pair<CollectiveKind, std::uint64_t> running_;
};

}  // namespace

std::vector<std::unique_ptr<Communicator>> MakeThreadCommunicators(int size) {
  CHECK(size >= 1) << "a group of " << size;
  const auto group = std::make_shared<ThreadGroup>(size);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank = 0; rank < size; ++rank)
    communicators.push_back(
        std::make_unique<HostCommunicator>(std::make_unique<ThreadEngine>(group, rank)));
  return communicators;
}

}  // namespace lockstep

#include "runtime/comm/shm_communicator.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "runtime/comm/host_communicator.h"
#include "runtime/comm/reduction.h"
#include "runtime/comm/shm_region.h"
#include "runtime/comm/shm_rendezvous.h"

namespace lockstep {
namespace {

// Below this an all-reduce takes one meeting of the ranks instead of two: everybody reduces
// everything.
constexpr std::size_t kSmallBytes = 8 * 1024;
// A waiter spins about 20 us before it sleeps, unless the ranks have to share the CPUs.
constexpr int kSpins = 800;
constexpr int kSpinsShared = 20;
constexpr std::chrono::milliseconds kLookAround{20};  // how often a sleeper asks who is alive

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

bool Reached(std::uint32_t counter, std::uint32_t target) {
  return static_cast<std::int32_t>(counter - target) >= 0;
}

int SpinsFor(int size) { return sysconf(_SC_NPROCESSORS_ONLN) >= size ? kSpins : kSpinsShared; }

void Copy(const std::byte* from, std::size_t bytes, std::byte* to) {
  if (from != to && bytes != 0) std::memcpy(to, from, bytes);
}

// How one operation is cut: into chunks that fit a rank's place in a slot, and a chunk of an
// all-reduce into one share per rank.
struct Cut {
  std::size_t element;         // bytes
  std::size_t chunk_elements;  // of shape.count, at most
  std::size_t chunks;          // at least one: an empty operation is a meeting, too
  bool small;
};

Cut CutOf(const CollectiveShape& shape, int size) {
  Cut cut = {};
  cut.element = DataTypeBytes(shape.type);
  cut.chunk_elements = kShmChunkBytes / cut.element;
  if (shape.kind == CollectiveKind::kReduceScatter)  // a place holds a chunk for each rank
    cut.chunk_elements /= static_cast<std::size_t>(size);
  cut.chunks =
      std::max<std::size_t>(1, (shape.count + cut.chunk_elements - 1) / cut.chunk_elements);
  cut.small = shape.kind == CollectiveKind::kAllReduce && shape.count * cut.element <= kSmallBytes;
  return cut;
}

// Through the slots flow chunks, numbered from the beginning of the group. For chunk i a rank
//   copies in   its data into its place in slot i mod 4, and says `entered`;
//   reduces     its share, when all have entered, from the peers' places and its own buffer, into
//               the same share of its place, and says `reduced` (all-reduce only);
//   copies out  what it needs, when all have entered (reduced), from the peers' places.
// The three overlap: while chunk i is copied in, i-1 is reduced and i-2 copied out.
//
// Why four slots are enough without a word about "copied out": before a rank copies in chunk i, it
// has seen all enter i-2 (and reduce i-3), so all have reduced i-4 and, where chunks are not
// reduced, copied it out. A reduced share of chunk i is written over that of i-4 only when all have
// entered i, so all have copied out i-3. At the border of two operations a peer may lag two chunks
// in copying out the former: they lie in the slots of chunks 2 and 3 of the latter, which a rank
// copies in only when all have entered its chunk 0, so have left the former operation.
class ShmEngine final : public Engine {
 public:
  static Result<std::unique_ptr<Engine>> Join(std::shared_ptr<ShmRegion> region, int rank,
                                              std::string key) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::unique_ptr<ShmLife> life, ShmLife::Claim(*region, rank));
    region->line(rank).joined.store(1);
    return std::unique_ptr<Engine>(
        new ShmEngine(std::move(region), std::move(life), rank, std::move(key)));
  }

  ~ShmEngine() override {
    region_->line(rank_).left.store(1);
    region_->WakeAll(rank_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  Status Run(const Collective& collective, std::uint64_t sequence) override {
    {
      const std::lock_guard lock(mutex_);
      running_ = {{collective.shape.kind, sequence}, chunks_};
    }
    const Cut cut = CutOf(collective.shape, size_);
    const bool reduces = collective.shape.kind == CollectiveKind::kAllReduce && !cut.small;
    const std::size_t lag = reduces ? 2 : 1;
    for (std::size_t step = 0; step < cut.chunks + lag; ++step) {
      // Whether the group has ended is asked only where this rank would have to wait: an operation
      // that all have entered is finished though a peer's next one fails.
      if (step < cut.chunks) Enter(collective, sequence, cut, step);
      if (step >= 1 && step - 1 < cut.chunks) {
        LOCKSTEP_RETURN_IF_ERROR(AwaitAll(&ShmRankLine::entered, At(step - 1) + 1));
        if (step == 1) LOCKSTEP_RETURN_IF_ERROR(CompareShapes(collective.shape, sequence));
        if (reduces) {
          ReduceShare(collective, cut, step - 1);
        } else {
          CopyOut(collective, cut, step - 1);
        }
      }
      if (reduces && step >= 2) {
        LOCKSTEP_RETURN_IF_ERROR(AwaitAll(&ShmRankLine::reduced, At(step - 2) + 1));
        CopyOutShares(collective, cut, step - 2);
      }
    }
    const std::lock_guard lock(mutex_);
    chunks_ += static_cast<std::uint32_t>(cut.chunks);
    running_.reset();
    return OkStatus();
  }

  void Abort(const Status& reason) override { region_->End(rank_, reason); }

  std::string WaitingFor() override {
    const std::lock_guard lock(mutex_);
    if (!running_.has_value()) return "";
    std::vector<int> missing;
    std::vector<int> behind;
    const std::uint32_t mine = region_->line(rank_).entered.load();
    for (int peer = 0; peer < size_; ++peer) {
      const std::uint32_t entered = region_->line(peer).entered.load();
      if (!Reached(entered, running_->second + 1)) missing.push_back(peer);
      if (!Reached(entered, mine)) behind.push_back(peer);
    }
    const auto [kind, sequence] = running_->first;
    if (!missing.empty()) return DescribeMissing(missing, kind, sequence);
    if (behind.empty()) return "";
    return "rank " + std::to_string(behind[0]) + " stopped in the middle of " +
           CollectiveName(kind, sequence);
  }

  Result<std::unique_ptr<Engine>> Split(const std::vector<int>& members, int color,
                                        std::uint64_t sequence, MonotonicTime deadline) override;

 private:
  ShmEngine(std::shared_ptr<ShmRegion> region, std::unique_ptr<ShmLife> life, int rank,
            std::string key)
      : region_(std::move(region)),
        life_(std::move(life)),
        key_(std::move(key)),
        rank_(rank),
        size_(region_->size()),
        spins_(SpinsFor(size_)) {}

  // The number of the operation's `step`-th chunk since the beginning of the group.
  std::uint32_t At(std::size_t step) const { return chunks_ + static_cast<std::uint32_t>(step); }
  std::byte* Place(std::size_t step, int rank) { return region_->data(At(step) % kShmSlots, rank); }

  // Elements of the chunk, and where it starts in the buffer.
  static std::pair<std::size_t, std::size_t> Chunk(const Collective& collective, const Cut& cut,
                                                   std::size_t step) {
    const std::size_t first = step * cut.chunk_elements;
    return {first, std::min(cut.chunk_elements, collective.shape.count - first)};
  }

  // Bytes [first, second) of a chunk that `rank` reduces: whole cache lines, so that no two ranks
  // write to one.
  std::pair<std::size_t, std::size_t> Share(std::size_t bytes, int rank) const {
    const auto size = static_cast<std::size_t>(size_);
    const std::size_t share = ((bytes + size - 1) / size + 63) / 64 * 64;
    const auto at = static_cast<std::size_t>(rank);
    return {std::min(at * share, bytes), std::min((at + 1) * share, bytes)};
  }

  void Enter(const Collective& collective, std::uint64_t sequence, const Cut& cut,
             std::size_t step) {
    const CollectiveShape& shape = collective.shape;
    if (step == 0) region_->shape(At(0) % kShmSlots, rank_) = {shape, sequence};
    const auto [first, count] = Chunk(collective, cut, step);
    const std::size_t bytes = count * cut.element;
    const std::byte* from = collective.source + first * cut.element;
    std::byte* place = Place(step, rank_);
    switch (shape.kind) {
      case CollectiveKind::kAllReduce:
        if (cut.small) {
          Copy(from, bytes, place);
          break;
        }
        for (int peer = 0; peer < size_; ++peer) {
          const auto [begin, end] = Share(bytes, peer);
          if (peer != rank_) Copy(from + begin, end - begin, place + begin);
        }
        break;
      case CollectiveKind::kReduceScatter:
        for (int peer = 0; peer < size_; ++peer)
          if (peer != rank_)
            Copy(from + peer * shape.count * cut.element, bytes,
                 place + peer * cut.chunk_elements * cut.element);
        break;
      case CollectiveKind::kAllGather: Copy(from, bytes, place); break;
      case CollectiveKind::kBroadcast:
        if (shape.root == rank_) Copy(from, bytes, place);
        break;
    }
    region_->Publish(rank_, region_->line(rank_).entered, At(step) + 1);
  }

  void ReduceShare(const Collective& collective, const Cut& cut, std::size_t step) {
    const auto [first, count] = Chunk(collective, cut, step);
    const auto [begin, end] = Share(count * cut.element, rank_);
    std::byte* mine = collective.target + first * cut.element + begin;
    std::array<const void*, kShmRanksMax> sources;
    for (int peer = 0; peer < size_; ++peer)
      sources[peer] = peer == rank_ ? mine : Place(step, peer) + begin;
    std::byte* result = Place(step, rank_) + begin;
    Reduce(collective.shape.type, collective.shape.op, std::span(sources.data(), size_),
           (end - begin) / cut.element, result);
    region_->Publish(rank_, region_->line(rank_).reduced, At(step) + 1);
    Copy(result, end - begin, mine);
  }

  void CopyOutShares(const Collective& collective, const Cut& cut, std::size_t step) {
    const auto [first, count] = Chunk(collective, cut, step);
    for (int peer = 0; peer < size_; ++peer) {
      const auto [begin, end] = Share(count * cut.element, peer);
      if (peer != rank_)
        Copy(Place(step, peer) + begin, end - begin,
             collective.target + first * cut.element + begin);
    }
  }

  void CopyOut(const Collective& collective, const Cut& cut, std::size_t step) {
    const CollectiveShape& shape = collective.shape;
    const auto [first, count] = Chunk(collective, cut, step);
    const std::size_t bytes = count * cut.element;
    std::byte* to = collective.target + first * cut.element;
    std::array<const void*, kShmRanksMax> sources;
    switch (shape.kind) {
      case CollectiveKind::kAllReduce:
        for (int peer = 0; peer < size_; ++peer) sources[peer] = Place(step, peer);
        Reduce(shape.type, shape.op, std::span(sources.data(), size_), count, to);
        return;
      case CollectiveKind::kReduceScatter:
        for (int peer = 0; peer < size_; ++peer)
          sources[peer] = Place(step, peer) + rank_ * cut.chunk_elements * cut.element;
        sources[rank_] = collective.source + (rank_ * shape.count + first) * cut.element;
        Reduce(shape.type, shape.op, std::span(sources.data(), size_), count, to);
        return;
      case CollectiveKind::kAllGather:
        for (int peer = 0; peer < size_; ++peer)
          Copy(peer == rank_ ? collective.source + first * cut.element : Place(step, peer), bytes,
               to + peer * shape.count * cut.element);
        return;
      case CollectiveKind::kBroadcast:
        if (shape.root != rank_) Copy(Place(step, shape.root), bytes, to);
        return;
    }
  }

  Status CompareShapes(const CollectiveShape& mine, std::uint64_t sequence) {
    for (int peer = 0; peer < size_; ++peer) {
      const ShmShapeLine& other = region_->shape(At(0) % kShmSlots, peer);
      if (other.shape == mine && other.sequence == sequence) continue;
      region_->End(rank_, OrderBreach(rank_, mine, peer, other.shape, sequence));
      return region_->reason();
    }
    return OkStatus();
  }

  Status AwaitAll(std::atomic<std::uint32_t> ShmRankLine::* counter, std::uint32_t target) {
    for (int peer = 0; peer < size_; ++peer)
      if (peer != rank_)
        LOCKSTEP_RETURN_IF_ERROR(Await(peer, region_->line(peer).*counter, target));
    return OkStatus();
  }

  // Of a peer that will never reach what Run waits for.
  std::string DescribeGone(int peer) {
    const std::lock_guard lock(mutex_);
    const auto [kind, sequence] = running_->first;
    if (!Reached(region_->line(peer).entered.load(), running_->second + 1))
      return DescribeMissing({peer}, kind, sequence);
    return "rank " + std::to_string(peer) + " stopped in the middle of " +
           CollectiveName(kind, sequence);
  }

  Status Await(int peer, std::atomic<std::uint32_t>& counter, std::uint32_t target) {
    for (int spin = 0; spin < spins_; ++spin) {
      if (Reached(counter.load(std::memory_order_acquire), target)) return OkStatus();
      Pause();
    }
    while (true) {
      // In this order: what a rank did before it left or died counts.
      const bool left = region_->line(peer).left.load() != 0;
      const bool dead = !left && region_->line(peer).joined.load() != 0 && !life_->IsAlive(peer);
      const std::uint32_t seen = counter.load();
      if (Reached(seen, target)) return OkStatus();
      if (region_->ended()) return region_->reason();
      if (left || dead) {
        region_->End(rank_, Unavailable(DescribeGone(peer) +
                                        (dead ? ": its process died" : ": it has left the group")));
        continue;
      }
      region_->Sleep(peer, counter, seen, kLookAround);
    }
  }

  const std::shared_ptr<ShmRegion> region_;
  const std::unique_ptr<ShmLife> life_;
  const std::string key_;
  const int rank_;
  const int size_;
  const int spins_;
  std::uint32_t chunks_ = 0;  // of all operations before this one; written under mutex_
  std::mutex mutex_;
  // The operation in Run, and the first of its chunks; guarded by mutex_.
  std::optional<std::pair<std::pair<CollectiveKind, std::uint64_t>, std::uint32_t>> running_;
};

Result<std::unique_ptr<Engine>> OpenEngine(const std::string& key, int rank, int size,
                                           MonotonicTime deadline) {
  int created = -1;
  if (rank == 0) {
    LOCKSTEP_ASSIGN_OR_RETURN(created, ShmRegion::CreateFile(size));
  }
  Result<int> shared = MeetAndShareFile(key, rank, size, created, deadline);
  if (created >= 0) close(created);
  LOCKSTEP_RETURN_IF_ERROR(shared.status());
  Result<std::shared_ptr<ShmRegion>> region = ShmRegion::Map(*shared, size);
  close(*shared);
  LOCKSTEP_RETURN_IF_ERROR(region.status());
  return ShmEngine::Join(*region, rank, key);
}

Result<std::unique_ptr<Engine>> ShmEngine::Split(const std::vector<int>& members, int color,
                                                 std::uint64_t sequence, MonotonicTime deadline) {
  const auto rank = std::find(members.begin(), members.end(), rank_) - members.begin();
  return OpenEngine(key_ + "/" + std::to_string(sequence) + "." + std::to_string(color),
                    static_cast<int>(rank), static_cast<int>(members.size()), deadline);
}

}  // namespace

Result<std::unique_ptr<Communicator>> OpenShmCommunicator(const std::string& key, int rank,
                                                          int size,
                                                          std::chrono::milliseconds deadline) {
  if (size < 1 || size > kShmRanksMax || rank < 0 || rank >= size)
    return InvalidArgument("shm: rank " + std::to_string(rank) + " of " + std::to_string(size) +
                           ": a group has 1 to " + std::to_string(kShmRanksMax) + " ranks");
  LOCKSTEP_ASSIGN_OR_RETURN(
      std::unique_ptr<Engine> engine,
      OpenEngine(key, rank, size, std::chrono::steady_clock::now() + deadline));
  return std::unique_ptr<Communicator>(std::make_unique<HostCommunicator>(std::move(engine)));
}

Result<std::vector<std::unique_ptr<Communicator>>> MakeShmThreadCommunicators(int size) {
  LOCKSTEP_ASSIGN_OR_RETURN(const int file, ShmRegion::CreateFile(size));
  Result<std::shared_ptr<ShmRegion>> region = ShmRegion::Map(file, size);
  // The number of the memory file tells this group's splits from those of others in the process.
  const std::string key = "threads/" + std::to_string(getpid()) + "/" + std::to_string(file);
  close(file);
  LOCKSTEP_RETURN_IF_ERROR(region.status());
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank = 0; rank < size; ++rank) {
    LOCKSTEP_ASSIGN_OR_RETURN(auto engine, ShmEngine::Join(*region, rank, key));
    communicators.push_back(std::make_unique<HostCommunicator>(std::move(engine)));
  }
  return communicators;
}

}  // namespace lockstep

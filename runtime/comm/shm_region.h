// ShmRegion: the memory that the ranks of one host share: who is there, how far each rank is, why
// the group ended, and the slots through which chunks of data flow.
//
// It is an anonymous memory file: the kernel frees it with the last process that maps it, so
// nothing stays behind after kill -9. Each rank holds a lock on its byte of the file for as long as
// it lives; a peer whose lock is free is dead.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "runtime/comm/collective.h"

namespace lockstep {

inline constexpr int kShmRanksMax = 256;
inline constexpr std::size_t kShmSlots = 4;
inline constexpr std::size_t kShmChunkBytes =
    128 * 1024;  // of a rank in a slot: slots stay in cache

// How many chunks of the group's history a rank has put into the slots, and how many it has
// reduced. Counters wrap around; they are compared by their difference.
struct alignas(64) ShmRankLine {
  std::atomic<std::uint32_t> entered;
  std::atomic<std::uint32_t> reduced;
  std::atomic<std::uint32_t> waiters;  // threads that sleep on one of the two
  std::atomic<std::uint32_t> joined;
  std::atomic<std::uint32_t> left;
};

struct alignas(64) ShmShapeLine {
  CollectiveShape shape;
  std::uint64_t sequence;
};

class ShmRegion {
 public:
  // A new memory file for `size` ranks; returns its descriptor.
  static Result<int> CreateFile(int size);
  // Maps the file and keeps a descriptor of its own; `file` stays the caller's.
  static Result<std::shared_ptr<ShmRegion>> Map(int file, int size);
  ShmRegion(const ShmRegion&) = delete;
  ShmRegion& operator=(const ShmRegion&) = delete;
  ~ShmRegion();

  int size() const { return size_; }
  int file() const { return file_; }
  ShmRankLine& line(int rank);
  ShmShapeLine& shape(std::size_t slot, int rank);
  std::byte* data(std::size_t slot, int rank);

  // By `rank`, any thread. The first reason of the group stands, and is there when End returns.
  void End(int rank, const Status& reason);
  bool ended() const;
  Status reason() const;  // ok unless ended()

  // Stores `value` and wakes who sleeps on it.
  void Publish(int rank, std::atomic<std::uint32_t>& word, std::uint32_t value);
  // Sleeps until `word` may no longer be `seen`, or `longest` has passed.
  void Sleep(int rank, std::atomic<std::uint32_t>& word, std::uint32_t seen,
             std::chrono::milliseconds longest);
  // Wakes all sleepers of this rank's words.
  void WakeAll(int rank);

 private:
  struct Header;
  ShmRegion(int file, int size, void* memory);

  const int file_;
  const int size_;
  Header* const header_;
  std::mutex ending_;  // ranks and threads of this process that end the group at the same time
};

// A rank's claim to be alive: a lock that the kernel gives back when the process dies.
// Thread safety: IsAlive from any thread.
class ShmLife {
 public:
  static Result<std::unique_ptr<ShmLife>> Claim(const ShmRegion& region, int rank);
  ShmLife(const ShmLife&) = delete;
  ShmLife& operator=(const ShmLife&) = delete;
  ~ShmLife();
  bool IsAlive(int peer) const;

 private:
  explicit ShmLife(int file) : file_(file) {}
  const int file_;
};

}  // namespace lockstep

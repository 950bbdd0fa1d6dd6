#include "runtime/comm/shm_region.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

namespace lockstep {

// Atomics in shared memory must not hide a lock of one process.
static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == 4);

struct ShmRegion::Header {
  struct Reason {
    StatusKind kind;
    char text[1024];
  };
  std::atomic<std::uint32_t> ended;  // 0: no; else 1 + the rank whose reason stands
  Reason reasons[kShmRanksMax];      // each written by its rank before it is published
  ShmRankLine lines[kShmRanksMax];
  ShmShapeLine shapes[kShmSlots][kShmRanksMax];
};

namespace {

constexpr std::size_t kPage = 4096;

constexpr std::size_t RoundUp(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

void Futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) {
  // An error means "look again", which every caller does.
  (void)syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, timeout,
                nullptr, 0);
}

struct flock ByteOf(int rank, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = rank;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<int> ShmRegion::CreateFile(int size) {
  const int file = memfd_create("lockstep-group", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return ErrnoStatus("create a memory file for shared memory", errno);
  const std::size_t bytes =
      RoundUp(sizeof(Header)) + kShmSlots * static_cast<std::size_t>(size) * kShmChunkBytes;
  // Sealed: no rank can shrink the file under the others.
  if (ftruncate(file, static_cast<off_t>(bytes)) != 0 ||
      fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const Status status = ErrnoStatus("size the memory file for shared memory", errno);
    close(file);
    return status;
  }
  return file;
}

Result<std::shared_ptr<ShmRegion>> ShmRegion::Map(int file, int size) {
  const std::size_t bytes =
      RoundUp(sizeof(Header)) + kShmSlots * static_cast<std::size_t>(size) * kShmChunkBytes;
  const int own = fcntl(file, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return ErrnoStatus("duplicate the shared memory file", errno);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
  if (memory == MAP_FAILED) {
    const Status status =
        ErrnoStatus("map " + std::to_string(bytes) + " bytes of shared memory", errno);
    close(own);
    return status;
  }
  return std::shared_ptr<ShmRegion>(new ShmRegion(own, size, memory));
}

// A new memory file is all zeros, and that is what every counter starts from.
ShmRegion::ShmRegion(int file, int size, void* memory)
    : file_(file), size_(size), header_(static_cast<Header*>(memory)) {}

ShmRegion::~ShmRegion() {
  munmap(header_,
         RoundUp(sizeof(Header)) + kShmSlots * static_cast<std::size_t>(size_) * kShmChunkBytes);
  close(file_);
}

ShmRankLine& ShmRegion::line(int rank) { return header_->lines[rank]; }

ShmShapeLine& ShmRegion::shape(std::size_t slot, int rank) { return header_->shapes[slot][rank]; }

std::byte* ShmRegion::data(std::size_t slot, int rank) {
  return reinterpret_cast<std::byte*>(header_) + RoundUp(sizeof(Header)) +
         (slot * static_cast<std::size_t>(size_) + static_cast<std::size_t>(rank)) * kShmChunkBytes;
}

void ShmRegion::End(int rank, const Status& reason) {
  {
    const std::lock_guard lock(ending_);
    if (ended()) return;
    Header::Reason& mine = header_->reasons[rank];
    mine.kind = reason.kind();
    const std::size_t length = std::min(reason.message().size(), sizeof(mine.text) - 1);
    std::memcpy(mine.text, reason.message().data(), length);
    mine.text[length] = '\0';
    // In one step: there is no moment at which the group is ending without a reason, in which a
    // rank that is killed would leave the others.
    std::uint32_t no = 0;
    header_->ended.compare_exchange_strong(no, static_cast<std::uint32_t>(rank) + 1);
  }
  for (int sleeper = 0; sleeper < size_; ++sleeper) WakeAll(sleeper);
}

bool ShmRegion::ended() const { return header_->ended.load(std::memory_order_acquire) != 0; }

Status ShmRegion::reason() const {
  const std::uint32_t ended = header_->ended.load(std::memory_order_acquire);
  if (ended == 0) return OkStatus();
  const Header::Reason& reason = header_->reasons[ended - 1];
  return {reason.kind, reason.text};
}

// Sequentially consistent, as Sleep is: either the sleeper sees the new value or we see the
// sleeper.
void ShmRegion::Publish(int rank, std::atomic<std::uint32_t>& word, std::uint32_t value) {
  word.store(value);
  if (line(rank).waiters.load() != 0) Futex(word, FUTEX_WAKE, INT_MAX, nullptr);
}

void ShmRegion::Sleep(int rank, std::atomic<std::uint32_t>& word, std::uint32_t seen,
                      std::chrono::milliseconds longest) {
  const timespec timeout = {longest.count() / 1000, longest.count() % 1000 * 1'000'000};
  line(rank).waiters.fetch_add(1);
  if (word.load() == seen && !ended()) Futex(word, FUTEX_WAIT, seen, &timeout);
  line(rank).waiters.fetch_sub(1);
}

void ShmRegion::WakeAll(int rank) {
  Futex(line(rank).entered, FUTEX_WAKE, INT_MAX, nullptr);
  Futex(line(rank).reduced, FUTEX_WAKE, INT_MAX, nullptr);
}

Result<std::unique_ptr<ShmLife>> ShmLife::Claim(const ShmRegion& region, int rank) {
  // Opened anew: a lock belongs to an open file description, and this rank needs one of its own.
  const std::string path = "/proc/self/fd/" + std::to_string(region.file());
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return ErrnoStatus("open " + path + " (is /proc mounted?)", errno);
  struct flock lock = ByteOf(rank, F_WRLCK);
  if (fcntl(file, F_OFD_SETLK, &lock) != 0) {
    const Status status = ErrnoStatus("lock the byte of rank " + std::to_string(rank), errno);
    close(file);
    return status;
  }
  return std::unique_ptr<ShmLife>(new ShmLife(file));
}

ShmLife::~ShmLife() { close(file_); }

bool ShmLife::IsAlive(int peer) const {
  struct flock lock = ByteOf(peer, F_WRLCK);
  return fcntl(file_, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace lockstep

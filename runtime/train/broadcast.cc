#include "runtime/train/broadcast.h"

#include <cstdint>
#include <cstring>
#include <utility>

namespace lockstep {

Status BroadcastBytes(Communicator& group, void* data, std::size_t bytes, int root,
                      std::chrono::milliseconds deadline) {
  const std::size_t words = bytes / sizeof(std::int32_t);
  const std::size_t rest = bytes % sizeof(std::int32_t);
  if (words > 0) {
    LOCKSTEP_RETURN_IF_ERROR(
        group.Broadcast({data, words, DataType::kInt32}, root, nullptr)->Wait(deadline));
  }
  if (rest > 0) {
    char* tail = static_cast<char*>(data) + words * sizeof(std::int32_t);
    std::int32_t word = 0;
    std::memcpy(&word, tail, rest);
    LOCKSTEP_RETURN_IF_ERROR(
        group.Broadcast({&word, 1, DataType::kInt32}, root, nullptr)->Wait(deadline));
    std::memcpy(tail, &word, rest);
  }
  return OkStatus();
}

Status BroadcastString(Communicator& group, std::string& text, int root,
                       std::chrono::milliseconds deadline) {
  auto bytes = static_cast<std::int64_t>(text.size());
  LOCKSTEP_RETURN_IF_ERROR(
      group.Broadcast({&bytes, 1, DataType::kInt64}, root, nullptr)->Wait(deadline));
  text.resize(static_cast<std::size_t>(bytes));
  return BroadcastBytes(group, text.data(), text.size(), root, deadline);
}

Status BroadcastStatus(Communicator& group, const Status& status, int root,
                       std::chrono::milliseconds deadline) {
  auto kind = static_cast<std::int32_t>(status.kind());
  LOCKSTEP_RETURN_IF_ERROR(
      group.Broadcast({&kind, 1, DataType::kInt32}, root, nullptr)->Wait(deadline));
  if (static_cast<StatusKind>(kind) == StatusKind::kOk) return OkStatus();
  std::string message = status.message();
  LOCKSTEP_RETURN_IF_ERROR(BroadcastString(group, message, root, deadline));
  return Status(static_cast<StatusKind>(kind), std::move(message));
}

}  // namespace lockstep

#include "runtime/train/module_agreement.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "runtime/train/broadcast.h"

namespace lockstep {
namespace {

constexpr std::int64_t kSame = std::numeric_limits<std::int64_t>::max();

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/).
std::int64_t Hash(const std::string& text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return static_cast<std::int64_t>(hash);
}

std::string LineAt(const std::vector<std::string>& lines, std::int64_t index) {
  const auto i = static_cast<std::size_t>(index);
  return i < lines.size() ? "'" + lines[i] + "'" : "nothing";
}

}  // namespace

Status CompareOverRanks(Communicator& group, const std::vector<std::string>& lines,
                        std::chrono::milliseconds deadline) {
  const auto reduce = [&](std::int64_t value, ReduceOp op) -> Result<std::int64_t> {
    LOCKSTEP_RETURN_IF_ERROR(
        group.AllReduce({&value, 1, DataType::kInt64}, op, nullptr)->Wait(deadline));
    return value;
  };
  const std::string own = Join(lines);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::int64_t low, reduce(Hash(own), ReduceOp::kMin));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::int64_t high, reduce(Hash(own), ReduceOp::kMax));
  if (low == high) return OkStatus();

  std::string text = own;
  LOCKSTEP_RETURN_IF_ERROR(BroadcastString(group, text, 0, deadline));
  const std::vector<std::string> reference = Split(text);
  std::int64_t claim = kSame;  // line * size + rank: the smallest names the first line and a rank
  if (lines != reference) {
    const auto [mine, theirs] =
        std::mismatch(lines.begin(), lines.end(), reference.begin(), reference.end());
    claim = (mine - lines.begin()) * group.size() + group.rank();
  }
  LOCKSTEP_ASSIGN_OR_RETURN(claim, reduce(claim, ReduceOp::kMin));
  const std::int64_t line = claim / group.size();
  const int culprit = static_cast<int>(claim % group.size());
  std::string theirs = LineAt(lines, line);
  LOCKSTEP_RETURN_IF_ERROR(BroadcastString(group, theirs, culprit, deadline));
  return FailedPrecondition("the modules of the ranks differ, first at entry " +
                            std::to_string(line) + ": rank 0 has " + LineAt(reference, line) +
                            ", rank " + std::to_string(culprit) + " has " + theirs +
                            ": build the same module on every rank (the same flags)");
}

}  // namespace lockstep

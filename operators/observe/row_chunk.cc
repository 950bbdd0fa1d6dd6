#include "operators/observe/row_chunk.h"

#include <algorithm>

#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

void PutNumber(std::uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

// The difference may overflow: it is taken, and added again, modulo 2^64.
std::uint64_t Zigzag(std::uint64_t difference) {
  return difference << 1 ^ ((difference >> 63) != 0 ? ~std::uint64_t{0} : 0);
}
std::uint64_t Unzigzag(std::uint64_t number) {
  return number >> 1 ^ ((number & 1) != 0 ? ~std::uint64_t{0} : 0);
}

// Takes pieces off the front; `ok` turns false at the first that is not there.
struct Reader {
  std::string_view rest;
  bool ok = true;

  std::uint64_t Number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest.empty()) break;
      const auto byte = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
    ok = false;
    return 0;
  }
  std::string_view Text(std::uint64_t size) {
    ok = ok && size <= rest.size();
    const std::string_view text = rest.substr(0, ok ? size : 0);
    rest.remove_prefix(text.size());
    return text;
  }
};

}  // namespace

std::string EncodeRows(const std::vector<MetricRow>& rows) {
  std::string chunk(1, kChunkVersion);
  std::vector<std::string_view> names;  // few
  std::string_view time = kNoTime;
  std::uint64_t step = 0;
  for (const MetricRow& row : rows) {
    const auto place = std::ranges::find(names, row.name);
    PutNumber(static_cast<std::uint64_t>(place - names.begin()), chunk);
    if (place == names.end()) {
      names.push_back(row.name);
      PutNumber(row.name.size(), chunk);
      chunk += row.name;
    }
    const bool same_time = row.time == time;
    PutNumber(same_time ? 0 : row.time.size() + 1, chunk);
    if (!same_time) chunk += row.time;
    time = row.time;
    PutNumber(Zigzag(static_cast<std::uint64_t>(row.step) - step), chunk);
    step = static_cast<std::uint64_t>(row.step);
    PutNumber(row.value.size(), chunk);
    chunk += row.value;
  }
  return chunk;
}

Status DecodeRows(std::string_view chunk, const std::function<bool(const ChunkRow&)>& use) {
  if (!chunk.starts_with(kChunkVersion)) {
    return Internal("metric rows of an unknown version: the state file is damaged");
  }
  Reader in{chunk.substr(1)};
  std::vector<std::string_view> names;
  ChunkRow row{.name = {}, .value = {}, .time = kNoTime};
  std::uint64_t step = 0;
  while (!in.rest.empty()) {
    const std::uint64_t place = in.Number();
    if (in.ok && place == names.size()) names.push_back(in.Text(in.Number()));
    const std::uint64_t time = in.Number();
    if (time != 0) row.time = in.Text(time - 1);
    step += Unzigzag(in.Number());
    row.step = static_cast<std::int64_t>(step);
    row.value = in.Text(in.Number());
    if (!in.ok || place >= names.size()) {
      return Internal("metric rows end in the middle: the state file is damaged");
    }
    row.name = names[place];
    if (!use(row)) break;
  }
  return OkStatus();
}

}  // namespace lockstep

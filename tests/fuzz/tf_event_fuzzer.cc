// A TensorFlow event file: records, and the events in them.
#include "operators/observe/tf_event_parser.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/tf_record.h"
#include "tests/fuzz/fuzzer.h"

namespace lockstep {
namespace {

constexpr std::size_t kDataBytesMax = 1024;

void CheckEvent(std::string_view message) {
  const auto event = ParseTfEvent(message);
  if (!event.ok()) {
    CHECK(event.status().kind() == StatusKind::kInvalidArgument);
    CHECK(!event.status().message().empty());
    return;
  }
  const std::vector<std::string> metrics = {"loss", "train/accuracy", "a"};
  for (const MetricRow& row : RowsOfTfEvent(*event, metrics, "/logs/train")) {
    CHECK(std::ranges::find(metrics, row.name) != metrics.end()) << row.name;
    CHECK(!row.value.empty() && !row.time.empty());
  }
}

// A record that is there whole is the same record however much of the file is behind it, and until
// it is whole only more bytes are asked for.
void CheckPieces(std::string_view front, const TfRecord& record) {
  if (record.state != TfRecord::State::kWhole) return;
  CHECK(record.bytes <= front.size() && record.data.size() <= kDataBytesMax);
  CHECK(record.data.data() >= front.data());
  CHECK(record.data.data() + record.data.size() <= front.data() + record.bytes);
  for (std::uint64_t cut = 0; cut < record.bytes; cut += record.bytes / 16 + 1) {
    const TfRecord part = FirstTfRecord(front.substr(0, cut), kDataBytesMax);
    CHECK(part.state == TfRecord::State::kIncomplete) << "cut at " << cut;
    CHECK(part.bytes > cut && part.bytes <= record.bytes) << part.bytes;
  }
  const TfRecord alone = FirstTfRecord(front.substr(0, record.bytes), kDataBytesMax);
  CHECK(alone.state == TfRecord::State::kWhole && alone.data == record.data);
}

// The checksums of what a fuzzer changed, so that it gets past them: as if a program had written
// it.
std::string WithChecksums(std::string_view message) {
  std::string record(12, '\0');
  const std::uint64_t length = message.size();
  std::memcpy(record.data(), &length, sizeof(length));
  const std::uint32_t of_length = MaskedCrc32c(std::string_view(record).substr(0, 8));
  std::memcpy(record.data() + 8, &of_length, sizeof(of_length));
  record += message;
  const std::uint32_t of_data = MaskedCrc32c(message);
  record.append(reinterpret_cast<const char*>(&of_data), sizeof(of_data));
  return record;
}

}  // namespace

void FuzzOne(std::string_view input) {
  CheckEvent(input);
  if (input.size() <= kDataBytesMax) {
    const std::string record = WithChecksums(input);
    const TfRecord read = FirstTfRecord(record, kDataBytesMax);
    CHECK(read.state == TfRecord::State::kWhole && read.data == input);
    CheckPieces(record, read);
  }
  for (std::string_view rest = input; !rest.empty();) {
    const TfRecord record = FirstTfRecord(rest, kDataBytesMax);
    CheckPieces(rest, record);
    if (record.state == TfRecord::State::kWhole) CheckEvent(record.data);
    if (record.state == TfRecord::State::kIncomplete) {
      CHECK(record.bytes > rest.size()) << "asks for bytes that are there";
      return;
    }
    if (record.state == TfRecord::State::kBroken) {
      CHECK(!record.why.empty());
      return;
    }
    CHECK(record.bytes > 0) << "no way forward";
    if (record.bytes > rest.size()) return;
    rest.remove_prefix(record.bytes);
  }
}

}  // namespace lockstep

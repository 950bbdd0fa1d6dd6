#include "runtime/base/tf_record.h"

#include <array>

namespace lockstep {
namespace {

constexpr std::size_t kHeaderBytes = 12;  // length and its CRC
constexpr std::size_t kFooterBytes = 4;
constexpr std::uint64_t kSaneBytes = std::uint64_t{1} << 40;

constexpr std::array<std::uint32_t, 256> MakeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = MakeTable();

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

std::uint32_t MaskedCrc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU];
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

TfRecord FirstTfRecord(std::string_view front, std::size_t data_bytes_max) {
  TfRecord record;
  record.bytes = kHeaderBytes;
  if (front.size() < kHeaderBytes) return record;
  const std::uint64_t length = LittleEndian(front.substr(0, 8));
  if (LittleEndian(front.substr(8, 4)) != MaskedCrc32c(front.substr(0, 8))) {
    record.state = TfRecord::State::kBroken;
    record.why = "the length has another checksum than it says";
    return record;
  }
  if (length > kSaneBytes) {
    record.state = TfRecord::State::kBroken;
    record.why = "is said to have " + std::to_string(length) + " bytes";
    return record;
  }
  record.bytes = kHeaderBytes + length + kFooterBytes;
  if (length > data_bytes_max) {
    record.state = TfRecord::State::kTooLong;
    return record;
  }
  if (front.size() < record.bytes) return record;
  const std::string_view data = front.substr(kHeaderBytes, length);
  if (LittleEndian(front.substr(kHeaderBytes + length, kFooterBytes)) != MaskedCrc32c(data)) {
    record.state = TfRecord::State::kBroken;
    record.why = "the data have another checksum than they say";
    return record;
  }
  record.state = TfRecord::State::kWhole;
  record.data = data;
  return record;
}

}  // namespace lockstep

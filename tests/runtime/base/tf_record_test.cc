#include "runtime/base/tf_record.h"

#include <gtest/gtest.h>

#include "tests/runtime/base/framed_tf_record.h"

namespace lockstep {
namespace {

using State = TfRecord::State;

TEST(TfRecord, ChecksumsAreThoseOfTensorFlow) {
  // RFC 3720, B.4: 32 bytes of zero have the CRC 0x8a9136aa; rotated by 15 and moved.
  constexpr std::uint32_t kZeros = 0x8a9136aaU;
  EXPECT_EQ(MaskedCrc32c(std::string(32, '\0')), (kZeros >> 15 | kZeros << 17) + 0xa282ead8U);
  // As files of TensorFlow 1 (24 bytes) and PyTorch (72) begin.
  EXPECT_EQ(LittleEndian(MaskedCrc32c(LittleEndian(24, 8)), 4), "\xa3\x7f\x4b\x22");
  EXPECT_EQ(LittleEndian(MaskedCrc32c(LittleEndian(72, 8)), 4), "\xfe\x92\x48\x9d");
}

TEST(TfRecord, IsTakenFromTheFrontAndTheRestIsLeft) {
  const std::string two = FramedTfRecord("one") + FramedTfRecord("");
  const TfRecord first = FirstTfRecord(two, 100);
  ASSERT_EQ(first.state, State::kWhole) << first.why;
  EXPECT_EQ(first.data, "one");
  EXPECT_EQ(first.bytes, 19U);
  const TfRecord second = FirstTfRecord(std::string_view(two).substr(19), 100);
  EXPECT_EQ(second.state, State::kWhole);
  EXPECT_EQ(second.data, "");
  EXPECT_EQ(second.bytes, 16U);
}

TEST(TfRecord, WaitsForEachMissingByte) {
  const std::string record = FramedTfRecord("data");
  for (std::size_t size = 0; size < record.size(); ++size) {
    const TfRecord part = FirstTfRecord(std::string_view(record).substr(0, size), 100);
    EXPECT_EQ(part.state, State::kIncomplete) << size;
    EXPECT_EQ(part.bytes, size < 12 ? 12U : record.size());
  }
}

TEST(TfRecord, NoticesEachChangedByte) {
  const std::string record = FramedTfRecord("data");
  for (std::size_t i = 0; i < record.size(); ++i) {
    std::string changed = record;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const TfRecord broken = FirstTfRecord(changed, 100);
    EXPECT_EQ(broken.state, State::kBroken) << i;
    EXPECT_NE(broken.why.find("checksum"), std::string::npos);
  }
}

TEST(TfRecord, StepsOverWhatIsTooLongAndBelievesNoAbsurdLength) {
  const TfRecord longer = FirstTfRecord(FramedTfRecord("12345"), 4);
  EXPECT_EQ(longer.state, State::kTooLong);
  EXPECT_EQ(longer.bytes, 21U);
  const std::string length = LittleEndian(std::uint64_t{1} << 50, 8);
  const TfRecord absurd = FirstTfRecord(length + LittleEndian(MaskedCrc32c(length), 4), 4);
  EXPECT_EQ(absurd.state, State::kBroken);
  EXPECT_EQ(absurd.why, "is said to have 1125899906842624 bytes");
}

}  // namespace
}  // namespace lockstep

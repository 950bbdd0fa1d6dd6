#include "operators/observe/tf_event_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>

#include "runtime/base/tf_record.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An encoder of the few fields that are read.
std::string Varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  return text + static_cast<char>(value);
}
std::string Fixed(std::uint64_t bits, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(bits >> (8 * i) & 0xffU);
  return text;
}
std::string Number(int field, std::uint64_t value) {
  return Varint(static_cast<unsigned>(field) << 3) + Varint(value);
}
std::string Message(int field, const std::string& bytes) {
  return Varint(static_cast<unsigned>(field) << 3 | 2U) + Varint(bytes.size()) + bytes;
}
std::string Float(int field, float value) {
  return Varint(static_cast<unsigned>(field) << 3 | 5U) +
         Fixed(std::bit_cast<std::uint32_t>(value), 4);
}
std::string EventOf(const std::string& value) {
  return Varint(1 << 3 | 1) + Fixed(std::bit_cast<std::uint64_t>(1638422847.5), 8) + Number(2, 7) +
         Message(5, Message(1, value));
}
// A tensor of `type` with `rest`, of the scalar "t".
std::string Tensor(int type, const std::string& rest) {
  return EventOf(Message(1, "t") + Message(8, Number(1, static_cast<unsigned>(type)) + rest));
}
std::vector<std::string> Values(const std::string& message) {
  const Result<TfEvent> event = ParseTfEvent(message);
  EXPECT_TRUE(event.ok()) << event.status().message();
  std::vector<std::string> values;
  if (event.ok()) {
    for (const TfScalar& scalar : event->scalars) values.push_back(scalar.value);
  }
  return values;
}

TEST(TfEvent, HasItsTimeStepAndSimpleValue) {
  const TfEvent event = ParseTfEvent(EventOf(Message(1, "loss") + Float(2, 0.1F))).value();
  EXPECT_EQ(event.wall_time, 1638422847.5);
  EXPECT_EQ(event.step, 7);
  ASSERT_EQ(event.scalars.size(), 1U);
  EXPECT_EQ(event.scalars[0].tag, "loss");
  EXPECT_EQ(event.scalars[0].value, "0.1") << "the shortest text of a float, not of its double";
  EXPECT_THAT(Values(EventOf(Message(1, "l") + Float(2, NAN))), ElementsAre("nan"));
  EXPECT_THAT(Values(EventOf(Message(1, "l") + Float(2, -INFINITY))), ElementsAre("-inf"));
  EXPECT_THAT(Values(Message(3, "brain.Event:2")), IsEmpty());
}

TEST(TfEvent, TakesTensorsOfOneNumberOfAnyTypeAndForm) {
  struct Case {
    int type;
    std::string rest;
    const char* value;
  };
  const std::string dimension = Message(2, Message(2, Number(1, 1)));  // shape [1]
  const std::vector<Case> cases = {
      {1, Message(5, Fixed(std::bit_cast<std::uint32_t>(0.25F), 4)), "0.25"},
      {1, Float(5, 0.25F), "0.25"},  // not packed
      {1, Message(4, Fixed(std::bit_cast<std::uint32_t>(0.5F), 4)), "0.5"},
      {1, dimension + Float(5, 3), "3"},
      {1, "", "0"},  // zeros are left out
      {2, Message(6, Fixed(std::bit_cast<std::uint64_t>(0.1), 8)), "0.1"},
      {2, Message(4, Fixed(std::bit_cast<std::uint64_t>(1e-7), 8)), "1e-07"},
      {3, Message(7, Varint(static_cast<std::uint64_t>(-5))), "-5"},
      {4, Message(4, "\xff"), "255"},
      {5, Message(4, "\xfe\xff"), "-2"},
      {6, Message(4, "\xff"), "-1"},
      {9, Message(10, Varint(1234567890123)), "1234567890123"},
      {10, Message(11, Varint(1)), "1"},
      {14, Message(13, Varint(0x3fc0)), "1.5"},
      {14, Message(4, "\xc0\x3f"), "1.5"},
      {17, Message(4, "\xff\xff"), "65535"},
      {19, Message(13, Varint(0x3800)), "0.5"},
      {19, Message(4, Fixed(0xfc00, 2)), "-inf"},
      {19, Message(4, Fixed(0x0001, 2)), "5.9604645e-08"},
      {22, Message(16, Varint(4294967295U)), "4294967295"},
      {23, Message(17, Varint(~std::uint64_t{0})), "18446744073709551615"},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(Values(Tensor(one.type, one.rest)), ElementsAre(one.value)) << one.type;
  }
}

TEST(TfEvent, PassesOverWhatIsNotOneNumber) {
  const std::string three = Message(2, Message(2, Number(1, 3)));
  EXPECT_THAT(Values(Tensor(1, three + Float(5, 1))), IsEmpty());
  EXPECT_THAT(Values(Tensor(1, Message(2, Message(2, Number(1, 0))))), IsEmpty());
  EXPECT_THAT(Values(Tensor(1, Message(2, Number(3, 1)) + Float(5, 1))), IsEmpty());
  EXPECT_THAT(Values(Tensor(7, Message(8, "text"))), IsEmpty());
  EXPECT_THAT(Values(Tensor(8, Message(9, std::string(8, '\0')))), IsEmpty()) << "complex";
  EXPECT_THAT(Values(EventOf(Message(1, "h") + Message(5, "histogram"))), IsEmpty());
}

TEST(TfEvent, SaysWhyAMessageIsNone) {
  const std::string whole = EventOf(Message(1, "loss") + Float(2, 0.1F));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const Result<TfEvent> cut = ParseTfEvent(whole.substr(0, size));
    if (cut.ok()) {
      EXPECT_TRUE(size == 9 || size == 11) << "only whole fields: " << size;
    }
  }
  EXPECT_THAT(ParseTfEvent(std::string(11, '\xff')).status().message(), HasSubstr("no end"));
  EXPECT_THAT(ParseTfEvent("\x0b").status().message(), HasSubstr("unknown wire type 3"));
  EXPECT_THAT(ParseTfEvent(Tensor(1, Message(4, "abc"))).status().message(),
              HasSubstr("wrong size"));
}

TEST(TfEvent, TagsReportMetricsByKatibsRule) {
  EXPECT_TRUE(TagReports("accuracy", "accuracy", "/logs"));
  EXPECT_TRUE(TagReports("accuracy_1", "accuracy", "/logs")) << "as TensorFlow 1 names them";
  EXPECT_FALSE(TagReports("val_accuracy", "accuracy", "/logs"));
  EXPECT_TRUE(TagReports("accuracy", "train/accuracy", "/logs/train"));
  EXPECT_TRUE(TagReports("accuracy_1", "a/train/accuracy", "/logs/a/train"));
  EXPECT_FALSE(TagReports("accuracy", "train/accuracy", "/logs/test"));
  EXPECT_FALSE(TagReports("accuracy", "train/accuracy", "/logs/train/more"));
  EXPECT_TRUE(TagReports("Loss/train", "Loss/train", "/logs")) << "which Katib does not find";
}

// Written by torch.utils.tensorboard, with a histogram and a text between the scalars.
TEST(TfEvent, ReadsWhatPyTorchWrites) {
  std::ifstream in(LOCKSTEP_SOURCE_DIR
                   "/tests/operators/observe/data/events.out.tfevents.1638422847.host.1.0",
                   std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  std::vector<MetricRow> rows;
  for (std::string_view rest = bytes; !rest.empty();) {
    const TfRecord record = FirstTfRecord(rest, 1 << 20);
    ASSERT_EQ(record.state, TfRecord::State::kWhole) << record.why;
    const Result<TfEvent> event = ParseTfEvent(record.data);
    ASSERT_TRUE(event.ok()) << event.status().message();
    for (MetricRow& row : RowsOfTfEvent(*event, {"loss", "val/accuracy", "double"}, "/logs")) {
      rows.push_back(std::move(row));
    }
    rest.remove_prefix(record.bytes);
  }
  EXPECT_THAT(rows, ElementsAre(MetricRow{"loss", "1", "2021-12-02T05:27:27.28721Z", 0},
                                MetricRow{"val/accuracy", "0.5", "2021-12-02T05:27:27.5Z", 0},
                                MetricRow{"double", "0.1", "2021-12-02T05:27:27.5Z", 0},
                                MetricRow{"loss", "0.5", "2021-12-02T05:27:28.28721Z", 1},
                                MetricRow{"val/accuracy", "0.6", "2021-12-02T05:27:28.5Z", 1},
                                MetricRow{"double", "0.1", "2021-12-02T05:27:28.5Z", 1},
                                MetricRow{"loss", "0.33333334", "2021-12-02T05:27:29.28721Z", 2},
                                MetricRow{"val/accuracy", "0.7", "2021-12-02T05:27:29.5Z", 2},
                                MetricRow{"double", "0.1", "2021-12-02T05:27:29.5Z", 2}));
}

}  // namespace
}  // namespace lockstep

#include "examples/fashion_mnist/idx_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/examples/fashion_mnist/idx_files.h"

namespace lockstep::fashion_mnist {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(IdxDataset, ReadsImagesAndLabels) {
  const IdxFolder folder;
  folder.Write("train", 25, 4);
  const Result<IdxDataset> data = ReadIdxDataset(folder.path(), "train", 0);
  ASSERT_TRUE(data.ok()) << data.status().ToString();
  EXPECT_EQ(data->count, 25);
  EXPECT_EQ(data->height, 4);
  EXPECT_EQ(data->pixels.size(), 25u * 16);
  EXPECT_EQ(data->pixels[13 * 16], 3 * 25);
  EXPECT_EQ(data->labels[13], 3);
}

TEST(IdxDataset, KeepsTheFirstOnesWhenToldSo) {
  const IdxFolder folder;
  folder.Write("train", 25, 4);
  EXPECT_EQ(ReadIdxDataset(folder.path(), "train", 7)->labels.size(), 7u);
  EXPECT_EQ(ReadIdxDataset(folder.path(), "train", 70)->labels.size(), 25u);
}

// Each way a data set can be wrong, and what the message must say besides the file and the package.
TEST(IdxDataset, ExplainsWhatIsWrong) {
  const auto cases = std::vector<
      std::tuple<const char*, std::function<void(const IdxFolder&)>, std::string>>{
      {"missing", [](auto& f) { std::filesystem::remove(f.Images("t")); }, "No such file"},
      {"a folder",
       [](auto& f) {
         std::filesystem::remove(f.Images("t"));
         std::filesystem::create_directory(f.Images("t"));
       },
       "expected a file"},
      {"empty", [](auto& f) { f.WritePlain(f.Images("t"), ""); }, "found an empty file"},
      {"not gzip", [](auto& f) { f.WritePlain(f.Images("t"), "PK\x03\x04"); },
       "expected a gzip file (1f 8b), found 50 4b"},
      {"truncated",
       [](auto& f) {
         std::filesystem::resize_file(f.Images("t"), std::filesystem::file_size(f.Images("t")) / 2);
       },
       "truncated"},
      {"wrong checksum",
       [](auto& f) {
         std::string bytes = ReadAll(f.Images("t"));
         bytes[bytes.size() - 8] = static_cast<char>(bytes[bytes.size() - 8] ^ 1);
         f.WritePlain(f.Images("t"), bytes);
       },
       "damaged gzip data: incorrect data check"},
      {"wrong magic", [](auto& f) { f.WriteGzip(f.Images("t"), Idx(0x802, {2, 1, 1}, "ab")); },
       "expected the IDX magic number 00 00 08 03, found 00 00 08 02"},
      {"too short for a header", [](auto& f) { f.WriteGzip(f.Images("t"), "ab"); }, "found 61 62"},
      {"values missing", [](auto& f) { f.WriteGzip(f.Images("t"), Idx(0x803, {2, 1, 1}, "a")); },
       "expected 2x1x1 values as its header says, found 1"},
      {"sizes that overflow",
       [](auto& f) { f.WriteGzip(f.Images("t"), Idx(0x803, {0x80000000u, 0x80000000u, 4}, "a")); },
       "found 1"},
      {"no images", [](auto& f) { f.WriteGzip(f.Images("t"), Idx(0x803, {0, 28, 28}, "")); },
       "at least one value"},
      {"a label too few", [](auto& f) { f.WriteGzip(f.Labels("t"), Idx(0x801, {4}, "\1\2\3\4")); },
       "expected a label for each of the 5 images"},
      {"a label too large",
       [](auto& f) { f.WriteGzip(f.Labels("t"), Idx(0x801, {5}, "\1\2\3\4\12")); },
       "expected labels 0 to 9, found 10 at position 4"},
  };
  for (const auto& [what, damage, message] : cases) {
    const IdxFolder folder;
    folder.Write("t", 5, 4);
    damage(folder);
    const Status status = ReadIdxDataset(folder.path(), "t", 0).status();
    EXPECT_FALSE(status.ok()) << what;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(folder.path() + "/t-"), HasSubstr(message),
                                        HasSubstr("dataset-fashion-mnist")))
        << what;
  }
}

}  // namespace
}  // namespace lockstep::fashion_mnist

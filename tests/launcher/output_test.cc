#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launcher/line_splitter.h"
#include "launcher/log_file.h"
#include "launcher/output_mux.h"
#include "tests/launcher/launched_run.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> SplitAll(std::string_view text, std::size_t piece, std::size_t cap = 100) {
  LineSplitter splitter(cap);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    for (std::string& line : splitter.Split(text.substr(at, piece))) lines.push_back(line);
  }
  for (std::string& line : splitter.Finish()) lines.push_back(line);
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesArrive) {
  const std::string text = "one\n\ntwo\r\n\r\nbar 1\rbar 2\r\rbar 3\nlast";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_THAT(SplitAll(text, piece),
                ElementsAre("one", "", "two", "", "bar 1", "bar 2", "bar 3", "last"))
        << "pieces of " << piece;
  }
}

TEST(LineSplitter, CutsALineAtItsCap) {
  EXPECT_THAT(SplitAll("abcdefgh\nabcd\n", 3, 4), ElementsAre("abcd", "efgh", "abcd"));
  EXPECT_THAT(SplitAll("abcdefghi", 9, 4), ElementsAre("abcd", "efgh", "i"));
}

TEST(LineSplitter, KeepsAnUnfinishedLineForItself) {
  LineSplitter splitter;
  EXPECT_THAT(splitter.Split("no end"), IsEmpty());
  EXPECT_THAT(splitter.Finish(), ElementsAre("no end"));
  EXPECT_THAT(splitter.Finish(), IsEmpty());
}

TEST(OutputMux, KeepsTheLastTwentyLines) {
  const TemporaryFolder folder;
  Result<OutputMux> mux = OutputMux::Open(JobDir(folder.path()), nullptr);
  ASSERT_TRUE(mux.ok()) << mux.status().ToString();
  const int source = *mux->AddSource({7, "worker", "train"});
  for (int i = 0; i < 30; ++i) mux->Write(source, Stream::kOut, std::to_string(i) + "\n");
  ASSERT_EQ(mux->LastLines(source).size(), 20U);
  EXPECT_EQ(mux->LastLines(source).front(), "10");
  EXPECT_EQ(mux->LastLines(source).back(), "29");
}

TEST(OutputMux, KeepsTheStreamsOfARankApart) {
  const TemporaryFolder folder;
  Result<OutputMux> mux = OutputMux::Open(JobDir(folder.path()), nullptr);
  const int source = *mux->AddSource({0, "worker", "train"});
  mux->Write(source, Stream::kOut, "half of out");
  mux->Write(source, Stream::kErr, "err\n");
  mux->Write(source, Stream::kOut, ", whole\n");
  EXPECT_EQ(ReadText(folder.path() + "/merged.log"), "[0] err\n[0] half of out, whole\n");
  EXPECT_EQ(ReadText(folder.path() + "/rank-0.log"), "err\nhalf of out, whole\n");
}

TEST(LogFile, TellsOfAFullDiskOnceAndGoesOn) {
  Result<LogFile> file = LogFile::Create("/dev/full");
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_EQ(file->Append("line\n").message(), "write /dev/full: No space left on device");
  EXPECT_TRUE(file->Append("line\n").ok());
}

TEST(Terminal, HoldsBackWhatNobodyReadsYetAndLosesNothing) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  Terminal terminal(writer.get(), writer.get());
  const std::string line(1023, 'x');
  int lines = 0;
  for (; !terminal.full(); ++lines) terminal.Write(Stream::kErr, line + "\n");
  std::size_t received = 0;
  std::vector<char> buffer(65536);
  while (received < static_cast<std::size_t>(lines) * 1024) {
    const ssize_t n = read(reader.get(), buffer.data(), buffer.size());
    ASSERT_GT(n, 0);
    received += static_cast<std::size_t>(n);
    terminal.Flush();
  }
  EXPECT_FALSE(terminal.full());
  EXPECT_EQ(terminal.waiting_fd(Stream::kOut), -1);
}

}  // namespace
}  // namespace lockstep

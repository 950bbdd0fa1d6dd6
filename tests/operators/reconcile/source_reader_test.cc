// How the files of a trial's metrics are read while a program writes, renames, empties and spoils
// them: real files in a folder for each generation.
#include "operators/reconcile/source_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "operators/backend/job_files.h"
#include "operators/observe/memory_observation_store.h"
#include "operators/reconcile/trial_output.h"
#include "tests/operators/store/temporary_folder.h"
#include "tests/runtime/base/framed_tf_record.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FolderBackend final : public JobBackend {
 public:
  explicit FolderBackend(std::string folder) : folder_(std::move(folder)) {}
  Status Apply(const JobPlan&) override { return OkStatus(); }
  Result<JobObservation> Observe(const JobId&) override { return JobObservation{}; }
  Result<bool> Stop(const JobId&) override { return true; }
  Result<FilePiece> ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override {
    return ReadJobFile(folder_ + "/" + std::to_string(id.generation), name, offset, bytes_max);
  }
  Result<std::vector<ListedFile>> ListFiles(const JobId& id, std::string_view folder) override {
    return ListJobFiles(folder_ + "/" + std::to_string(id.generation), folder);
  }
  Result<std::uint64_t> Size(const JobId&) override { return 0; }
  Status Forget(const JobId&) override { return OkStatus(); }

 private:
  const std::string folder_;
};

class SourceReading : public testing::Test {
 protected:
  SourceReading() {
    trial_.meta.uid = "t";
    trial_.spec.objective.emplace().objective_metric_name = "loss";
    job_.spec.roles.resize(1);
    job_.spec.roles[0].pod_template.spec.containers.resize(1);
    Collect("File", {"/katib/m.log", "File", "TEXT"});
  }
  void Collect(const std::string& kind, const FileSystemPath& path) {
    MetricsCollectorSpec& spec = trial_.spec.metrics_collector.emplace();
    spec.collector = CollectorSpec{kind, {}};
    spec.source.emplace().file_system_path = path;
    EXPECT_TRUE(PrepareJob(spec, *trial_.spec.objective, job_.spec).ok());
  }
  std::string Path(const std::string& name) const {
    return folder_.File(std::to_string(generation_) + "/volumes/rank-0/metrics-volume/" + name);
  }
  void Add(const std::string& text, const std::string& name = "m.log") {
    fs::create_directories(fs::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary | std::ios::app) << text;
  }
  void Rename(const std::string& from, const std::string& to) { fs::rename(Path(from), Path(to)); }
  // Until there is no more now.
  void Read(bool ended = false) {
    for (;;) {
      const Result<NewOutput> output =
          ReadTrialOutput(trial_, job_, ended, backend_, *observations_);
      ASSERT_TRUE(output.ok()) << output.status().message();
      if (!output->more) return;
    }
  }
  std::vector<std::string> Values() const {
    std::vector<std::string> values;
    for (const MetricRow& row : observations_->Rows("t", "loss").value()) {
      values.push_back(row.value);
    }
    return values;
  }
  std::string Bad() { return BadOutput(trial_, job_, backend_, *observations_).value(); }
  std::string Why() { return WhyNoMetrics(trial_, job_, backend_).value(); }

  TemporaryFolder folder_;
  int generation_ = 0;  // that is written
  Trial trial_;
  TrainingJob job_;
  FolderBackend backend_{folder_.File("")};
  std::unique_ptr<ObservationStore> observations_ = MakeMemoryObservationStore();
};

TEST_F(SourceReading, AFileIsReadAsItGrowsByWholeLines) {
  Read();
  EXPECT_THAT(Values(), IsEmpty()) << "it is not there yet";
  Add("loss=1\nlo");
  Read();
  Read();
  EXPECT_THAT(Values(), ElementsAre("1"));
  Add(std::string("ss=2\r\nx\0loss=3\nloss=4 \0\nloss=5", 30));
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2", "3", "4"));
  Read(true);
  EXPECT_THAT(Values(), ElementsAre("1", "2", "3", "4", "5")) << "without a line feed, at the end";
  Read(true);
  EXPECT_THAT(Values(), SizeIs(5));
  EXPECT_EQ(observations_->Rows("t", "loss").value()[4].step, 5) << "reports are counted";
}

TEST_F(SourceReading, ALineOf100MegabytesIsReadInPieces) {
  const std::string much(10u << 20, 'x');
  for (int i = 0; i < 10; ++i) Add(much);
  Read();
  Add("\nloss=1\n");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1"));
}

TEST_F(SourceReading, ARenamedFileIsFinishedBeforeTheNewOneIsBegun) {
  Add("loss=1\n");
  Read();
  Add("loss=2\nloss=3");
  Rename("m.log", "m.log.1");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2")) << "who writes may go on in the old one";
  Add("0\n", "m.log.1");
  Add("", "m.log");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2", "30")) << "until the new one has something";
  Add("loss=4", "m.log.1");
  Add("loss=5\n", "m.log");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2", "30", "4", "5"));
}

TEST_F(SourceReading, AFileThatIsGoneOrEmptiedIsBegunAnew) {
  Add("loss=1\nloss=2\n");
  Read();
  fs::remove(Path("m.log"));
  Read();
  Add("loss=3\n");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2", "3"));
  fs::resize_file(Path("m.log"), 0);
  Read();
  Add("loss=4\n");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2", "3", "4"));
}

TEST_F(SourceReading, EachStartOfTheGroupHasItsOwnFile) {
  Add("loss=1\nloss=2");
  job_.status.generation = 2;
  generation_ = 2;
  Add("loss=3\n");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1", "2", "3"));
}

TEST_F(SourceReading, BadLinesOfJsonAreCountedAcrossReadsAndTold) {
  Collect("File", {"/katib/m.log", "File", "JSON"});
  Add("{\"loss\": 1}\nTraceback\n");
  Read();
  EXPECT_THAT(Bad(), HasSubstr("of the file /katib/m.log of rank 0 line 2 "));
  Add("{\"loss\": \"2\"}\nmore\n[1]\n");
  Read(true);
  EXPECT_THAT(Values(), ElementsAre("1", "2"));
  EXPECT_THAT(Bad(), HasSubstr("; of the file /katib/m.log of rank 0 3 lines are bad, the first, "
                               "line 2, "));
}

TEST_F(SourceReading, WithoutMetricsItSaysWhatWasLookedAt) {
  EXPECT_EQ(Why(),
            "the file /katib/m.log of rank 0: there is none; write a line with loss=VALUE to it; "
            "rank 0 printed nothing");
  Add("accuracy=1\n");
  std::ofstream(folder_.File("0/rank-0.log")) << "one\n" << std::string(20'000, 'x') << "\nend\n";
  EXPECT_THAT(Why(), HasSubstr("m.log of rank 0 (11 bytes) has no number for loss; "));
  EXPECT_THAT(Why(), testing::EndsWith("xx\n  end"));
  EXPECT_THAT(Why(), testing::Not(HasSubstr("one")));
  fs::remove(Path("m.log"));
  fs::create_directory(Path("m.log"));
  EXPECT_THAT(Why(), HasSubstr("m.log of rank 0 is a folder"));
  Read(true);
}

// An event of step 0 with a value of `tag`: 1, 2, 4 or 8.
std::string Event(const std::string& tag, int exponent) {
  const auto high = static_cast<unsigned>(0x3f80 + exponent * 0x80);
  const std::string value = std::string("\x0a") + static_cast<char>(tag.size()) + tag + "\x15" +
                            LittleEndian(std::uint64_t{high} << 16, 4);
  const std::string one = std::string("\x0a") + static_cast<char>(value.size()) + value;
  return FramedTfRecord(std::string("\x2a") + static_cast<char>(one.size()) + one);
}

TEST_F(SourceReading, EventFilesAreReadAsTheyGrowEachByItself) {
  Collect("TensorFlowEvent", {"/logs", "Directory", ""});
  const std::string second = Event("loss", 1);
  Add(Event("loss", 0) + second.substr(0, 20), "a/events.out.tfevents.1");
  Add("no record at all, and no event file", "a/notes.txt");
  Read();
  EXPECT_THAT(Values(), ElementsAre("1"));
  Add(second.substr(20), "a/events.out.tfevents.1");
  Add(Event("loss", 2), "b/events.out.tfevents.1");
  Read();
  Read(true);
  EXPECT_THAT(Values(), ElementsAre("1", "2", "4"));
  EXPECT_EQ(observations_->Rows("t", "loss").value()[0].step, 0) << "as the event says";
  EXPECT_EQ(Bad(), "");
}

TEST_F(SourceReading, ABrokenRecordEndsItsFileAndIsToldOnce) {
  Collect("TensorFlowEvent", {"/logs", "Directory", ""});
  Add(Event("loss", 0) + FramedTfRecord("\xff\xff") + Event("loss", 1) +
          "garbage that is long enough",
      "events.out.tfevents.1");
  Add(Event("loss", 2), "events.out.tfevents.2");
  Read();
  Add(Event("loss", 3), "events.out.tfevents.1");
  Read(true);
  EXPECT_THAT(Values(), ElementsAre("1", "2", "4")) << "nothing behind what is broken";
  EXPECT_THAT(Bad(), HasSubstr("of the event file events.out.tfevents.1 2 records are bad, the "
                               "first, record 2, is no event: "));
}

TEST_F(SourceReading, ALongRecordIsReadAndATooLongOneSteppedOver) {
  Collect("TensorFlowEvent", {"/logs", "Directory", ""});
  const std::string image = std::string("\x32\x80\x80\x80\x03", 5) + std::string(6u << 20, 'i');
  Add(FramedTfRecord(image) + FramedTfRecord(std::string(65u << 20, 'i')) + Event("loss", 1),
      "events.out.tfevents.1");
  Read(true);
  EXPECT_THAT(Values(), ElementsAre("2"));
  EXPECT_EQ(Bad(), "");
}

TEST_F(SourceReading, ReportsKeepTheirNamesApartAndTheirSteps) {
  trial_.spec.objective->additional_metric_names = {"val/loss", "acc{set=\"a b\"}"};
  Collect("Push", {"", "", ""});
  fs::create_directories(folder_.File("0"));
  std::ofstream(folder_.File("0/metrics.log"))
      << "2026-11-22T06:30:00.000000Z epoch=7 val/loss=0.5 loss=nan\n"
      << "2026-11-22T06:30:00.000000Z acc{set=\"a b\"}=3 loss=-1e-3\n";
  Read(true);
  EXPECT_THAT(observations_->Rows("t", "").value(),
              ElementsAre(MetricRow{"val/loss", "0.5", "2026-11-22T06:30:00.000000Z", 7},
                          MetricRow{"loss", "nan", "2026-11-22T06:30:00.000000Z", 7},
                          MetricRow{"acc{set=\"a b\"}", "3", "2026-11-22T06:30:00.000000Z", 1},
                          MetricRow{"loss", "-1e-3", "2026-11-22T06:30:00.000000Z", 2}));
}

}  // namespace
}  // namespace lockstep

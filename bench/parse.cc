// Metric rows from a 64 MB log: ours beside PCRE2's JIT (the same filter over the whole text, then
// the name compared), and beside Katib's own loop in Go (bench/parse_katib.go).
//
//   bench_parse FOLDER [GO_PEER]    FOLDER: for the log, which the Go peer reads too
//
// Prints tables and seven bars; exits 0 ok, 3 short, 77 not shown. About 90 s.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <fcntl.h>
#include <pcre2.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "bench/pairs.h"
#include "bench/parse_log.h"
#include "operators/observe/log_reader.h"
#include "operators/observe/name_finder.h"
#include "runtime/base/check.h"

namespace lockstep::bench {
namespace {

constexpr std::size_t kLogBytes = 64u << 20;
constexpr std::size_t kPieceBytes = 256u << 10;
constexpr double kWantedGigabytesPerSecond = 4;
constexpr double kWantedPcre = 4, kWantedKatib = 70, kWantedCustom = 1;
constexpr int kBestOf = 3;

struct Search {
  const char* name;
  const char* filter;
  std::vector<std::string> metrics;
};

const std::vector<Search>& Searches() {
  static const std::vector<Search> kSearches = {
      {"default", kDefaultMetricsFilter, {"loss", "accuracy"}},
      {"braces",
       R"({metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)})",
       {"loss", "accuracy"}},
      {"words", R"((\w+\s\w+)\s:\s((-?\d+)(\.\d+)?))", {"train loss", "train accuracy"}},
      {"equals", R"(([\w|-]+)\s*=\s*((-?\d+)(\.\d+)?))", {"loss", "accuracy"}},
  };
  return kSearches;
}

LogParserOptions OptionsOf(const Search& search) {
  LogParserOptions options;
  options.metrics = search.metrics;
  options.filters = {search.filter};
  return options;
}

struct NameAndValue {
  std::string name, value;
  friend bool operator==(const NameAndValue&, const NameAndValue&) = default;
};

// What both sides keep. Ours finds each row's time and step too.
std::vector<NameAndValue> OurRows(const Search& search, std::string_view text) {
  auto parser = LogParser::Create(OptionsOf(search));
  CHECK(parser.ok()) << parser.status().ToString();
  std::vector<NameAndValue> rows;
  const auto parsed = (*parser)->ParseRows(text, true, 0, [&](const ParsedRow& row) {
    rows.push_back({std::string(row.name), std::string(row.value)});
  });
  CHECK(parsed.ok() && parsed->consumed == text.size());
  return rows;
}

// As `lockstep metrics parse` reads a file and hands on its rows.
void ReadRowsOfFile(const Search& search, const std::string& path, const RowSink& use) {
  auto reader = LogReader::Create(OptionsOf(search));
  CHECK(reader.ok());
  const int file = open(path.c_str(), O_RDONLY);
  CHECK(file >= 0) << path;
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const ssize_t size = read(file, piece.data(), piece.size());
    CHECK(size >= 0) << path;
    const std::string_view read_text(piece.data(), static_cast<std::size_t>(size));
    CHECK((size == 0 ? reader->End(use) : reader->Read(read_text, use)).ok());
    if (size == 0) break;
  }
  close(file);
}

class PcreSearch {
 public:
  explicit PcreSearch(const Search& search) : metrics_(search.metrics) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(search.filter), PCRE2_ZERO_TERMINATED, 0,
                          &error, &offset, nullptr);
    CHECK(code_ != nullptr && pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE) == 0) << search.filter;
    match_ = pcre2_match_data_create_from_pattern(code_, nullptr);
  }
  PcreSearch(const PcreSearch&) = delete;
  PcreSearch& operator=(const PcreSearch&) = delete;
  ~PcreSearch() {
    pcre2_match_data_free(match_);
    pcre2_code_free(code_);
  }

  // No filter here matches nothing: each match ends behind where it begins.
  std::vector<NameAndValue> Rows(std::string_view text) const {
    std::vector<NameAndValue> rows;
    const PCRE2_SIZE* const ends = pcre2_get_ovector_pointer(match_);
    const auto* const bytes = reinterpret_cast<PCRE2_SPTR>(text.data());
    for (PCRE2_SIZE at = 0; pcre2_jit_match(code_, bytes, text.size(), at, 0, match_, nullptr) > 0;
         at = ends[1]) {
      const std::string_view name = text.substr(ends[2], ends[3] - ends[2]);
      if (std::ranges::find(metrics_, name) == metrics_.end()) continue;
      rows.push_back({std::string(name), std::string(text.substr(ends[4], ends[5] - ends[4]))});
    }
    return rows;
  }

 private:
  const std::vector<std::string> metrics_;
  pcre2_code* code_;
  pcre2_match_data* match_;
};

// bench/parse_katib.go, started once.
class GoPeer {
 public:
  GoPeer(const char* program, const std::string& log, const Search& search) {
    int in[2], out[2];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<const char*> arguments = {program, log.c_str(), search.filter};
    for (const std::string& metric : search.metrics) arguments.push_back(metric.c_str());
    arguments.push_back(nullptr);
    const int failed = posix_spawn(&child_, program, &actions, nullptr,
                                   const_cast<char* const*>(arguments.data()), environ);
    CHECK(failed == 0) << program << ": " << std::strerror(failed);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "w");
    from_ = fdopen(out[0], "r");
  }
  GoPeer(const GoPeer&) = delete;
  GoPeer& operator=(const GoPeer&) = delete;
  ~GoPeer() {
    std::fclose(to_);  // end of input: it leaves
    std::fclose(from_);
    waitpid(child_, nullptr, 0);
  }

  Run Once() {
    std::fputs("\n", to_);
    std::fflush(to_);
    double took = 0, busy = 0;
    CHECK(std::fscanf(from_, "%lf %lf %zu %" SCNu64, &took, &busy, &rows_, &hash_) == 4)
        << "the Go peer is gone";
    return {took * 1e-9, took - busy > 0.1 * took};
  }
  std::size_t rows() const { return rows_; }  // of the last run
  std::uint64_t hash() const { return hash_; }

 private:
  pid_t child_ = 0;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  std::size_t rows_ = 0;
  std::uint64_t hash_ = 0;
};

// FNV-1a, as the Go peer hashes its rows.
std::uint64_t HashOf(const std::vector<MetricRow>& rows) {
  std::uint64_t hash = 14695981039346656037u;
  for (const MetricRow& row : rows) {
    for (const char c : row.time + "\t" + row.name + "\t" + row.value + "\n") {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
  }
  return hash;
}

std::string_view TextOf(const ParseLog& log) {
  return std::string_view(log.text).substr(0, kLogBytes);
}

void WriteLog(const ParseLog& log, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  CHECK(file << TextOf(log) << std::flush) << "write " << path;
}

double MetricPercent(const ParseLog& log) {
  return 100.0 * static_cast<double>(log.metric_lines) / static_cast<double>(log.lines);
}

double GigabytesPerSecond(double seconds) { return kLogBytes / seconds * 1e-9; }

// How fast this core reads: what bounds everybody.
double RoofGigabytesPerSecond(std::string_view text) {
  const Run best = BestOf(
      7, [&] { return Time([&] { CHECK(memchr(text.data(), '\x01', text.size()) == nullptr); }); });
  return static_cast<double>(text.size()) / best.seconds * 1e-9;
}

// One filter beside PCRE2; the seconds that ours took go to `ours`, 0 when that is not shown.
int ShowPcreBar(const Search& search, std::string_view text, double wanted, double& ours) {
  const PcreSearch pcre(search);
  const std::vector<NameAndValue> rows = OurRows(search, text);
  CHECK(!rows.empty() && rows == pcre.Rows(text))
      << search.name << ": " << rows.size() << " rows, PCRE2 " << pcre.Rows(text).size();
  std::printf("%s filter %s: %zu rows, the same as PCRE2's\n", search.name, search.filter,
              rows.size());
  return ShowRatioBar(std::string("parse-") + search.name, wanted, "PCRE2-JIT", [&](int pairs) {
    const Pairs result = Interleave(
        pairs,
        [&] { return BestOf(kBestOf, [&] { return Time([&] { OurRows(search, text); }); }); },
        [&] { return BestOf(kBestOf, [&] { return Time([&] { pcre.Rows(text); }); }); });
    ours = result.shown() ? Median(result.ours) : 0;
    if (!result.shown()) return result;
    std::printf("%s: ours %.2f GB/s, PCRE2-JIT %.2f GB/s\n", search.name, GigabytesPerSecond(ours),
                GigabytesPerSecond(Median(result.theirs)));
    return result;
  });
}

int ShowSpeedBar(double seconds, double roof) {
  const std::string wanted = ">=4 GB/s";
  if (NameFinder::BestLevel() == NameFinder::Level::kPlain)
    return ShowNotShown("parse-speed", wanted, "no AVX2 here");
  if (seconds == 0) return ShowNotShown("parse-speed", wanted, "noisy");
  const double got = GigabytesPerSecond(seconds);
  const bool ok = got >= kWantedGigabytesPerSecond;
  std::printf("bar parse-speed got %.2f GB/s (%.0f %% of memchr) WANTED %s %s\n", got,
              100 * got / roof, wanted.c_str(), ok ? "ok" : "short");
  return ok ? kOk : kShort;
}

int ShowKatibBar(const char* program, const std::string& id, const ParseLog& log,
                 const std::string& path) {
  if (program == nullptr)
    return ShowNotShown(id, ">=70x Katib's loop in Go", "no go: ./dev setup bench");
  WriteLog(log, path);
  const Search& search = Searches()[0];
  GoPeer go(program, path, search);
  std::vector<MetricRow> rows;
  ReadRowsOfFile(search, path, [&](const ParsedRow& row) { rows.push_back(row.Copy()); });
  go.Once();
  CHECK(rows.size() == go.rows() && HashOf(rows) == go.hash())
      << "rows: " << rows.size() << ", Go " << go.rows();
  std::printf(
      "default filter, from a file, %.1f %% of its lines with metrics: %zu rows, the same "
      "as Go's, times too\n",
      MetricPercent(log), rows.size());
  // Go's rows are parts of the log that it keeps; ours are handed on, here into one text.
  std::string text;
  const auto ours = [&] {
    text.clear();
    return Time([&] {
      ReadRowsOfFile(search, path, [&](const ParsedRow& row) {
        for (const std::string_view part : {row.time, row.name, row.value})
          text.append(part) += '\t';
      });
    });
  };
  const int code = ShowRatioBar(id, kWantedKatib, "Katib's loop in Go", [&](int pairs) {
    const Pairs result = Interleave(
        pairs, [&] { return BestOf(kBestOf, ours); },
        [&] { return BestOf(kBestOf, [&] { return go.Once(); }); });
    if (!result.shown()) return result;
    std::printf("from the file: ours %.2f GB/s, Go %.3f GB/s\n",
                GigabytesPerSecond(Median(result.ours)), GigabytesPerSecond(Median(result.theirs)));
    return result;
  });
  unlink(path.c_str());
  return code;
}

int Main(const std::string& folder, const char* go_peer) {
  const ParseLog log = MakeParseLog(kLogBytes);
  const std::string_view text = TextOf(log);
  std::printf("log: %zu bytes, %" PRIu64 " lines, %.1f %% of them with metrics\n", text.size(),
              log.lines, MetricPercent(log));
  WaitUntilQuiet();
  const double roof = RoofGigabytesPerSecond(text);
  std::printf("CPU: %s; memchr over the log, all that one core reads: %.1f GB/s\n",
              std::string(NameFinder::LevelName(NameFinder::BestLevel())).c_str(), roof);
  std::vector<int> codes;
  for (const Search& search : Searches()) {
    double seconds = 0;
    const bool is_default = &search == &Searches()[0];
    codes.push_back(ShowPcreBar(search, text, is_default ? kWantedPcre : kWantedCustom, seconds));
    if (!is_default) continue;
    codes.push_back(ShowSpeedBar(seconds, roof));
  }
  const std::string path = folder + "/parse.log";
  codes.push_back(ShowKatibBar(go_peer, "parse-katib", log, path));
  codes.push_back(ShowKatibBar(go_peer, "parse-katib-dense", MakeDenseParseLog(kLogBytes), path));
  return WorstOf(codes);
}

}  // namespace
}  // namespace lockstep::bench

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: bench_parse FOLDER [GO_PEER]\n");
    return 2;
  }
  return lockstep::bench::Main(argv[1], argc == 3 ? argv[2] : nullptr);
}

// Runs a fuzzer as a test, without libFuzzer: every file of the corpus, then seeded random
// mutations of them.
//
//   FUZZER [-runs=N] [-seed=S] [-max_total_time=SECONDS] [-dict=FILE] FILE|FOLDER...
//
// as libFuzzer spells it. Before each input is run it is written to FUZZER.last-input, so that
// whatever ends the process leaves what did it: FUZZER FUZZER.last-input replays it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "tests/fuzz/fuzzer.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kInputBytesMax = 4096;

struct Options {
  std::uint64_t runs = 0;
  std::uint64_t seed = std::random_device{}();
  std::chrono::seconds time_max{3600};
  std::string dictionary;
  std::vector<std::string> paths;
};

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK(in.good()) << path << " cannot be read";
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> ReadCorpus(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);  // so that a seed means the same everywhere
  std::vector<std::string> corpus;
  for (const fs::path& file : files) corpus.push_back(ReadFile(file));
  CHECK(!corpus.empty()) << "name the files or folders of the corpus";
  return corpus;
}

// Lines such as "{{end}}" or name="\xEF\x00"; # begins a comment.
std::vector<std::string> ReadDictionary(const std::string& path) {
  std::vector<std::string> words;
  if (path.empty()) return words;
  std::istringstream lines(ReadFile(path));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find('"');
    const std::size_t end = line.rfind('"');
    if (line.starts_with('#') || begin == line.npos || end == begin) continue;
    std::string word;
    for (std::size_t i = begin + 1; i < end; ++i) {
      if (line[i] == '\\' && line[i + 1] == 'x') {
        word += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        i += line[i] == '\\' ? 1 : 0;
        word += line[i];
      }
    }
    words.push_back(std::move(word));
  }
  CHECK(!words.empty()) << path << " holds no word";
  return words;
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, const std::vector<std::string>& words,
          std::uint64_t seed)
      : corpus_(corpus), words_(words), random_(seed) {}

  std::string Next() {
    std::string input = Any(corpus_).substr(0, kInputBytesMax);
    for (std::size_t changes = 1 + Below(8); changes > 0; --changes) Change(input);
    input.resize(std::min(input.size(), kInputBytesMax));
    return input;
  }

 private:
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  const std::string& Any(const std::vector<std::string>& of) { return of[Below(of.size())]; }

  void Change(std::string& input) {
    const std::size_t at = Below(input.size() + 1);
    const std::size_t length = Below(std::min<std::size_t>(input.size() - at, 32) + 1);
    switch (Below(words_.empty() ? 6 : 7)) {
      case 0: input.insert(at, 1, static_cast<char>(random_())); break;
      case 1: input.erase(at, length); break;
      case 2: input.insert(Below(input.size() + 1), input.substr(at, length)); break;
      case 3: input.replace(at, input.npos, Tail(Any(corpus_))); break;
      case 4:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ 1 << Below(8));
        break;
      case 5:
        if (at < input.size()) input[at] = "0123456789-.:\"'\n\\ "[Below(18)];
        break;
      case 6: input.insert(at, Any(words_)); break;
    }
  }
  std::string Tail(const std::string& text) {
    return text.substr(Below(text.size() + 1)).substr(0, kInputBytesMax);
  }

  const std::vector<std::string>& corpus_;
  const std::vector<std::string>& words_;
  std::mt19937_64 random_;
};

// The file that is left behind when an input is the end of us.
class LastInput {
 public:
  explicit LastInput(std::string path)
      : path_(std::move(path)),
        file_(open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    CHECK(file_ >= 0) << path_ << " cannot be written";
  }
  LastInput(const LastInput&) = delete;
  LastInput& operator=(const LastInput&) = delete;
  ~LastInput() {
    close(file_);
    unlink(path_.c_str());
  }
  void Run(const std::string& input) const {
    CHECK(pwrite(file_, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()));
    CHECK(ftruncate(file_, static_cast<off_t>(input.size())) == 0);
    FuzzOne(input);
  }

 private:
  const std::string path_;
  const int file_;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  if (const char* seed = std::getenv("LOCKSTEP_TEST_SEED")) options.seed = std::stoull(seed);
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t value = argument.find('=') + 1;
    if (argument.starts_with("-runs=")) {
      options.runs = std::stoull(argument.substr(value));
    } else if (argument.starts_with("-seed=")) {
      options.seed = std::stoull(argument.substr(value));
    } else if (argument.starts_with("-max_total_time=")) {
      options.time_max = std::chrono::seconds(std::stoll(argument.substr(value)));
    } else if (argument.starts_with("-dict=")) {
      options.dictionary = argument.substr(value);
    } else {
      options.paths.push_back(argument);
    }
  }
  return options;
}

int Main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  const std::vector<std::string> corpus = ReadCorpus(options.paths);
  const std::vector<std::string> words = ReadDictionary(options.dictionary);
  const std::string name = fs::path(argv[0]).filename();
  if (options.runs == 0) {
    for (const std::string& input : corpus) FuzzOne(input);
    std::printf("%zu inputs\n", corpus.size());
    return 0;
  }
  const std::string last_path = fs::absolute(name + ".last-input");
  std::printf("LOCKSTEP_TEST_SEED=%llu replays this; after a crash: %s %s\n",
              static_cast<unsigned long long>(options.seed), argv[0], last_path.c_str());
  std::fflush(stdout);
  const LastInput last(last_path);
  for (const std::string& input : corpus) last.Run(input);
  Mutator mutator(corpus, words, options.seed);
  const auto end = std::chrono::steady_clock::now() + options.time_max;
  std::uint64_t run = 0;
  for (; run < options.runs && std::chrono::steady_clock::now() < end; ++run) {
    last.Run(mutator.Next());
  }
  std::printf("%zu inputs of the corpus, %llu mutations\n", corpus.size(),
              static_cast<unsigned long long>(run));
  return 0;
}

}  // namespace
}  // namespace lockstep

int main(int argc, char** argv) { return lockstep::Main(argc, argv); }

// Proves the house rules on every file of the repository, and, on bad samples, that each rule can
// fail. There are no exceptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/tidy_rules.h"

namespace lockstep::tidy {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Of code and prose; data for tests is not ours to rule.
bool HasRules(const fs::path& path) {
  static const std::set<std::string> kEndings = {".h",  ".cc", ".cu",    ".py",
                                                 ".sh", ".md", ".cmake", ".txt"};
  return path.filename() == "dev" || kEndings.contains(path.extension());
}

struct Repository {
  std::vector<SourceFile> files;  // that have rules
  std::set<std::string> paths;    // of files and folders
};

const Repository& TheRepository() {
  static const Repository kRepository = [] {
    Repository repository;
    const fs::path root = LOCKSTEP_SOURCE_DIR;
    for (auto it = fs::recursive_directory_iterator(root); it != end(it); ++it) {
      const std::string path = it->path().lexically_relative(root).string();
      const std::string name = it->path().filename().string();
      const bool hidden = name.starts_with('.') && name != ".ci";
      if (it->is_directory() && (hidden || path == "build" || name == "__pycache__")) {
        it.disable_recursion_pending();
        continue;
      }
      repository.paths.insert(path);
      if (!it->is_regular_file()) continue;
      const bool data = path.find("/data/") != path.npos || path.starts_with("tests/golden/");
      if (!data && HasRules(it->path())) repository.files.push_back({path, Read(it->path())});
    }
    return repository;
  }();
  return kRepository;
}

template <class Rule>
Problems OverAllFiles(Rule rule) {
  Problems all;
  for (const SourceFile& file : TheRepository().files) {
    for (std::string& problem : rule(file)) all.push_back(std::move(problem));
  }
  return all;
}

void ExpectNone(const Problems& problems) {
  for (const std::string& problem : problems) ADD_FAILURE() << problem;
}

TEST(Tidy, FindsTheRepository) {
  EXPECT_GT(TheRepository().files.size(), 70u);
  for (const char* path : {"tests/tidy_test.cc", "runtime/base/status.h", "docs/design.md"}) {
    EXPECT_TRUE(TheRepository().paths.contains(path)) << path;
  }
  const auto functions =
      FindFunctions(Read(fs::path(LOCKSTEP_SOURCE_DIR) / "runtime/base/status.h"));
  ASSERT_TRUE(functions.has_value());
  EXPECT_EQ(functions->size(), 17u) << "the functions of status.h that have a body";
}

TEST(Tidy, IncludesGoOneWay) {
  ExpectNone(OverAllFiles([](auto& file) { return CheckIncludes(file, TheRepository().paths); }));
}
TEST(Tidy, LinesAreAtMost100Columns) { ExpectNone(OverAllFiles(CheckLineWidth)); }
TEST(Tidy, FunctionsAreAtMost70Lines) { ExpectNone(OverAllFiles(CheckFunctionLength)); }
TEST(Tidy, FilesAreAtMost500Lines) { ExpectNone(OverAllFiles(CheckFileLength)); }
TEST(Tidy, NamesSayWhatIsInside) {
  for (const std::string& path : TheRepository().paths) ExpectNone(CheckName(path));
}
TEST(Tidy, HeadersAreIncludedOnce) { ExpectNone(OverAllFiles(CheckPragmaOnce)); }
TEST(Tidy, NothingIsUnfinishedOrBuiltForOneMachine) {
  ExpectNone(OverAllFiles(CheckForbiddenText));
}
TEST(Tidy, TestsDoNotSleep) { ExpectNone(OverAllFiles(CheckSleep)); }
TEST(Tidy, LinksLeadSomewhere) {
  ExpectNone(OverAllFiles([](auto& file) { return CheckLinks(file, TheRepository().paths); }));
}

// From here on: each rule fails on a bad sample, and passes on a good one beside it.

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

Problems Includes(const std::string& from, const std::string& included) {
  static const std::set<std::string> kPaths = {
      "operators/api/meta.h",      "operators/store/store.h", "operators/codec/json.h",
      "operators/control/queue.h", "launcher/plan.h",         "runtime/base/status.h",
      "runtime/comm/open.h",       "runtime/train/a.h",       "runtime/metrics/a.h",
      "tests/tidy_rules.h",        "examples/x/idx.h",        "operators/reconcile/x.h",
      "operators/suggest/x.h",     "operators/backend/x.h",   "operators/admission/x.h",
      "operators/convert/x.h",     "operators/serve/x.h",     "cuda/cast.h"};
  return CheckIncludes({from, "#pragma once\n#include " + included + "\n"}, kPaths);
}

TEST(TidyRules, IncludesAgainstTheDirectionAreFound) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"runtime/base/x.cc", "\"runtime/comm/open.h\""},
      {"runtime/comm/x.cc", "\"runtime/train/a.h\""},
      {"runtime/comm/x.cc", "\"runtime/metrics/a.h\""},
      {"runtime/metrics/x.cc", "\"runtime/train/a.h\""},
      {"cuda/x.cu", "\"runtime/comm/open.h\""},
      {"runtime/train/x.cc", "\"launcher/plan.h\""},
      {"launcher/x.cc", "\"runtime/comm/open.h\""},
      {"launcher/x.cc", "\"operators/api/meta.h\""},
      {"operators/api/x.h", "\"operators/store/store.h\""},
      {"operators/codec/x.h", "\"operators/api/meta.h\""},
      {"operators/suggest/x.h", "\"operators/store/store.h\""},
      {"operators/store/x.h", "\"operators/control/queue.h\""},
      {"operators/control/x.h", "\"operators/reconcile/x.h\""},
      {"operators/control/x.h", "\"operators/suggest/x.h\""},
      {"operators/convert/x.h", "\"operators/admission/x.h\""},
      {"operators/admission/x.h", "\"operators/store/store.h\""},
      {"operators/backend/x.cc", "\"operators/store/store.h\""},
      {"operators/backend/x.cc", "\"runtime/comm/open.h\""},
      {"operators/serve/x.cc", "\"operators/backend/x.h\""},
      {"operators/serve/x.cc", "\"launcher/plan.h\""},
      {"operators/reconcile/x.cc", "\"operators/serve/x.h\""},
      {"cli/x.cc", "\"runtime/comm/open.h\""},
      {"cli/x.cc", "\"cuda/cast.h\""},
      {"examples/x/main.cc", "\"launcher/plan.h\""},
      {"examples/x/main.cc", "\"tests/tidy_rules.h\""},
      {"runtime/train/x.cc", "\"examples/x/idx.h\""},
      {"newfolder/x.cc", "\"runtime/base/status.h\""},
      {"operators/newfolder/x.cc", "\"runtime/base/status.h\""},
      {"operators/api/x.cc", "\"meta.h\""},
      {"operators/api/x.cc", "\"../codec/json.h\""},
      {"operators/api/x.cc", "<operators/codec/json.h>"},
      {"operators/api/x.cc", "<yaml-cpp/yaml.h>"},
      {"operators/api/x.cc", "<nlohmann/json.hpp>"},
      {"launcher/x.h", "<nlohmann/json.hpp>"},
      {"cli/x.cc", "<nlohmann/json.hpp>"},
      {"operators/suggest/x.cc", "<torch/torch.h>"},
      {"launcher/x.cc", "<mpi.h>"},
      {"runtime/base/x.cc", "<c10/core/ScalarType.h>"},
  };
  for (const auto& [from, included] : bad) {
    const Problems problems = Includes(from, included);
    ASSERT_EQ(problems.size(), 1u) << from << " " << included;
    EXPECT_THAT(problems[0], testing::StartsWith(from + ":2: "));
  }
  EXPECT_THAT(Includes("launcher/x.cc", "\"runtime/comm/open.h\"")[0],
              HasSubstr("launcher must not include runtime/comm"));
}

TEST(TidyRules, IncludesAlongTheDirectionPass) {
  const std::vector<std::pair<std::string, std::string>> good = {
      {"runtime/train/x.cc", "\"runtime/comm/open.h\""},
      {"runtime/comm/x.cc", "\"cuda/cast.h\""},
      {"runtime/comm/x.cc", "<mpi.h>"},
      {"runtime/train/x.cc", "<torch/torch.h>"},
      {"examples/x/main.cc", "\"runtime/train/a.h\""},
      {"examples/x/main.cc", "\"examples/x/idx.h\""},
      {"launcher/x.cc", "<nlohmann/json.hpp>"},
      {"operators/codec/x.cc", "<yaml-cpp/yaml.h>"},
      {"operators/store/x.cc", "\"operators/api/meta.h\""},
      {"operators/backend/x.cc", "\"launcher/plan.h\""},
      {"operators/reconcile/x.cc", "\"operators/backend/x.h\""},
      {"operators/admission/x.cc", "\"operators/convert/x.h\""},
      {"operators/serve/x.cc", "\"operators/admission/x.h\""},
      {"cli/x.cc", "\"operators/serve/x.h\""},
      {"cli/x.cc", "\"launcher/plan.h\""},
      {"tests/x_test.cc", "\"operators/api/meta.h\""},
      {"operators/api/x.cc", "<vector>"},
      {"docs/x.md", "\"nowhere.h\""},
  };
  for (const auto& [from, included] : good) {
    EXPECT_THAT(Includes(from, included), IsEmpty());
  }
}

TEST(TidyRules, WideLinesAreFoundInCharactersNotBytes) {
  const std::string wide(101, 'x'), just(100, 'x'), accents = Repeat("\xc3\xa9", 100);
  for (const char* path :
       {"a/b.h", "a/b.cc", "a/b.cu", "b.py", "b.sh", "dev", "CMakeLists.txt", "cmake/b.cmake"}) {
    EXPECT_THAT(CheckLineWidth({path, just + "\n" + wide + "\n"}),
                ElementsAre(std::string(path) + ":2: 101 columns, 100 are allowed"));
    EXPECT_THAT(CheckLineWidth({path, just + "\n" + accents}), IsEmpty());
  }
  EXPECT_THAT(CheckLineWidth({"docs/b.md", wide}), IsEmpty());
}

TEST(TidyRules, LongFilesAreFound) {
  EXPECT_THAT(CheckFileLength({"a/b.cc", Repeat("x\n", 500)}), IsEmpty());
  EXPECT_THAT(CheckFileLength({"a/b.cc", Repeat("x\n", 501)}),
              ElementsAre("a/b.cc:501: 501 lines, 500 are allowed"));
  EXPECT_THAT(CheckFileLength({"tests/b.h", Repeat("x\n", 501)}), testing::SizeIs(1));
  EXPECT_THAT(CheckFileLength({"tests/b_test.cc", Repeat("x\n", 501)}), IsEmpty());
}

TEST(TidyRules, NamesThatSayNothingAreFound) {
  for (const char* path :
       {"a/utils.h", "a/util.cc", "utils/a.h", "a/common/b.h", "a/helpers.py", "a/string_utils.h",
        "a/test_helper.cc", "a/misc.md", "core/a.h", "a/core.cc", "a/misc_things.h", "common"}) {
    EXPECT_THAT(CheckName(path), testing::SizeIs(1)) << path;
  }
  for (const char* path : {"a/scored.h", "operators/control/manager.h", "a/utility.cc",
                           "a/encore.h", "a/core_dump.cc", "a/uncommon.cc"}) {
    EXPECT_THAT(CheckName(path), IsEmpty()) << path;
  }
}

TEST(TidyRules, HeadersWithoutPragmaOnceAreFound) {
  EXPECT_THAT(CheckPragmaOnce({"a/b.h", "// #pragma once\n#include <x>\n"}), testing::SizeIs(1));
  EXPECT_THAT(CheckPragmaOnce({"a/b.h", "// What.\n#pragma once\n"}), IsEmpty());
  EXPECT_THAT(CheckPragmaOnce({"a/b.cc", ""}), IsEmpty());
}

TEST(TidyRules, UnfinishedWorkAndOneMachinesFlagsAreFound) {
  for (const std::string& word : {std::string("TO") + "DO", std::string("FIX") + "ME"}) {
    EXPECT_THAT(CheckForbiddenText({"a.md", "x\n" + word + ": later\n"}), testing::SizeIs(1));
    EXPECT_THAT(CheckForbiddenText({"a.cc", "x" + word}), IsEmpty());
  }
  const std::string flag = std::string("-march=") + "native";
  EXPECT_THAT(CheckForbiddenText({"CMakeLists.txt", "add(" + flag + ")"}), testing::SizeIs(1));
  EXPECT_THAT(CheckForbiddenText({"docs/a.md", "never " + flag}), IsEmpty());
}

TEST(TidyRules, SleepingTestsAreFound) {
  for (const char* call : {"std::this_thread::sleep_for(1s);", "usleep(10);", "sleep_until (t);",
                           "nanosleep(&t, nullptr);"}) {
    EXPECT_THAT(CheckSleep({"tests/a_test.cc", std::string("\n") + call}),
                ElementsAre(HasSubstr("tests/a_test.cc:2: ")))
        << call;
    EXPECT_THAT(CheckSleep({"launcher/a.cc", call}), IsEmpty());
  }
  EXPECT_THAT(CheckSleep({"tests/a_test.cc", "// usleep(10)\nRun(\"usleep(1)\");"}), IsEmpty());
}

TEST(TidyRules, LinksThatLeadNowhereAreFound) {
  const std::set<std::string> paths = {"docs", "docs/a.md", "docs/b.md", "README.md"};
  EXPECT_THAT(CheckLinks({"docs/a.md",
                          "See [b](b.md), [top](../README.md#x), [folder](../docs/), "
                          "[here](#y) and [web](https://x.y/z.md).\n"},
                         paths),
              IsEmpty());
  EXPECT_THAT(CheckLinks({"README.md", "x\n[a](docs/a.md) [c](docs/c.md)\n"}, paths),
              ElementsAre("README.md:2: the link leads nowhere: docs/c.md"));
  EXPECT_THAT(CheckLinks({"docs/a.md", "[up](../../x.md)"}, paths), testing::SizeIs(1));
  EXPECT_THAT(CheckLinks({"docs/a.md", "`v[i](x)`\n```\na[1](b)\n```\n[c](c.md)"}, paths),
              ElementsAre(HasSubstr("docs/a.md:5:")));
}

// The extents of all functions in `text`, "first-last".
std::vector<std::string> Extents(const std::string& text) {
  const auto functions = FindFunctions(text);
  if (!functions) return {"unbalanced"};
  std::vector<std::string> extents;
  for (const FunctionExtent& f : *functions) {
    extents.push_back(std::to_string(f.first_line) + "-" + std::to_string(f.last_line));
  }
  return extents;
}

TEST(TidyScanner, LongFunctionsAreFoundWhereverTheyStand) {
  const std::string body = Repeat("  x();\n", 69) + "}\n";  // 71 lines with a head of one
  const std::vector<std::string> heads = {"void F() {\n",
                                          "int C::F(int a) const noexcept {\n",
                                          "auto F() -> std::vector<int> {\n",
                                          "TEST(A, B) {\n",
                                          "template <class T> T F(T a) {\n",
                                          "struct tm F() {\n",
                                          "const auto f = [](int a) {\n",
                                          "const auto f = [] {\n",
                                          "const Row kTable[] = {{1, [](int a) {\n",
                                          "C::C() : a_(1), b_{2} {\n",
                                          "bool operator==(const A& a) {\n",
                                          "void F(Options o = {}) {\n",
                                          "C::~C() {\n",
                                          "[[nodiscard]] static inline int F() {\n",
                                          "void F() try {\n",
                                          "__global__ void F(int* a) {\n"};
  for (const std::string& head : heads) {
    for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
             {"", ""},
             {"namespace a {\nnamespace {\n", "}\n}\n"},
             {"class A : public B {\n public:\n", "};\n"},
             {"template <class T>\nstruct A {\n int a = 1; int b{2};\n", "};\n"},
             {"int a[] = {1, {2, 3}};\nenum class E { kA, kB };\n", ""}}) {
      const bool table = head.find("kTable") != head.npos;
      const std::string end = table ? "}, {2, {}}};\n" : head.find("= [") != head.npos ? ";\n" : "";
      EXPECT_THAT(CheckFunctionLength({"a/b.cc", before + head + body + end + after}),
                  ElementsAre(HasSubstr("a function of 71 lines")))
          << before + head;
      const std::string shorter = body.substr(body.find('\n') + 1);
      EXPECT_THAT(CheckFunctionLength({"a/b.cc", before + head + shorter + end + after}), IsEmpty())
          << before + head;
    }
  }
}

TEST(TidyScanner, BracesInTextAreNoCode) {
  const std::vector<std::string> lines = {"// }",
                                          "/* } */",
                                          "f(\"}\");",
                                          "f(\"\\\"}\");",
                                          "f('}');",
                                          "f('\\'', '}');",
                                          "f(R\"(})\");",
                                          "f(R\"x(}\" )\" )x\");",
                                          "f(u8R\"(})\");",
                                          "int a = 1'000'000; // }",
                                          "#define CLOSE }",
                                          "#define CLOSE \\\n  }",
                                          "f(0x1'F, '}', \"//\", '\"');"};
  for (const std::string& line : lines) {
    const int more = static_cast<int>(std::count(line.begin(), line.end(), '\n'));
    EXPECT_THAT(Extents("void F() {\n" + line + "\n}\nvoid G() {\n}\n"),
                ElementsAre("1-" + std::to_string(3 + more),
                            std::to_string(4 + more) + "-" + std::to_string(5 + more)))
        << line;
  }
}

TEST(TidyScanner, TypesAndTablesAreNoFunctions) {
  EXPECT_THAT(Extents("class alignas(64) A final : public B<int> {\n int a;\n};\n"), IsEmpty());
  EXPECT_THAT(Extents("inline namespace a::b {\n}\nextern \"C\" {\n}\n"), IsEmpty());
  EXPECT_THAT(Extents("constexpr Row kTable[] = {\n {.a = f(1), .b = {2}},\n};\n"), IsEmpty());
  EXPECT_THAT(Extents("struct A {\n int b{1};\n enum class E : int { kX };\n E e = E{};\n};\n"),
              IsEmpty());
}

TEST(TidyScanner, AFunctionEndsAtItsOwnBrace) {
  EXPECT_THAT(
      Extents("int F() {\n if (a) {\n  struct X { int y; };\n }\n auto l = [&] { g(); };\n}\n"
              "class A {\n A() : b_{1},\n  c_(2) {\n }\n int Get() { return 1; }\n};\n"),
      testing::IsSupersetOf({"1-6", "11-11"}));
}

TEST(TidyScanner, UnbalancedBracesAreAProblemAndNotNoFunctions) {
  EXPECT_THAT(CheckFunctionLength({"a/b.cc", "void F() {\n"}), ElementsAre(HasSubstr("balance")));
  EXPECT_THAT(CheckFunctionLength({"a/b.cc", "}\n"}), ElementsAre(HasSubstr("balance")));
}

}  // namespace
}  // namespace lockstep::tidy

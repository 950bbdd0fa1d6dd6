// A Suggester proposes the next points of a search.
//
// It is a function: the same space, history, count and seed give the same points, in any process,
// after any restart. What an algorithm must remember between calls (bracket, rung, parent,
// controller weights) it reads back from the trials' labels, which it set itself. So the operator
// may be killed between any two calls. For speed an implementation may keep what it has folded from
// a history that the next one extends; a cold instance must give the same points, bit for bit (the
// conformance suite compares the two).
//
// Points come back in the unit cube's image: inside bounds, on step, spelled as the user spelled
// them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operators/suggest/search_space.h"
#include "runtime/base/status.h"

namespace lockstep {

enum class Direction : std::uint8_t { kMinimize, kMaximize };

// kProposed: handed out, its trial not created yet. kPending: created, not finished.
enum class TrialOutcome : std::uint8_t {
  kProposed,
  kPending,
  kSucceeded,
  kEarlyStopped,
  kFailed,
  kMetricsUnavailable
};

struct HistoryEntry {
  std::vector<ParameterAssignment> assignments;
  std::map<std::string, std::string> labels;
  TrialOutcome outcome = TrialOutcome::kProposed;
  std::vector<double> objectives;  // by declared objective; empty unless succeeded or early-stopped
  std::vector<std::pair<int, double>> curve;  // (step, first objective) as reported so far
};

struct Proposal {
  std::vector<ParameterAssignment> assignments;
  std::map<std::string, std::string> labels;
  std::optional<std::size_t>
      resume_from;  // index into the history: start from that trial's checkpoint
};

struct SuggestRequest {
  const SearchSpace& space;
  const std::vector<AlgorithmSetting>& settings;  // checked at submit
  const std::vector<Direction>& directions;       // minimise or maximise, one an objective
  const std::vector<HistoryEntry>& history;       // in order of creation
  int count = 1;                                  // >= 1
  std::uint64_t seed = 0;
};

// Fewer than `count` proposals mean: wait for a pending trial (synchronous algorithms). None, with
// nothing pending: the search is over. Settings an algorithm knows, and whether the space suits it;
// empty messages mean yes. Used at submit. `path` is relative to spec:
// "algorithm.algorithmSettings[0].value".
struct SettingError {
  std::string path;
  std::string message;
};

class Suggester {
 public:
  virtual ~Suggester() = default;
  virtual Result<std::vector<Proposal>> Suggest(const SuggestRequest& request) = 0;
};

// The visible table of algorithms (registry.cc): "random", "grid", "sobol".
std::vector<std::string> AlgorithmNames();
// NotFound lists the names, with a "did you mean".
Result<std::unique_ptr<Suggester>> MakeSuggester(std::string_view algorithm_name);
// Checks the spec's algorithm, its settings and whether the space suits it (grid: doubles need a
// step, maxTrialCount fits). What SearchSpace::Create refuses is not repeated here.
std::vector<SettingError> CheckAlgorithm(const ExperimentSpec& spec);

}  // namespace lockstep

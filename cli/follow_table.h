// What `lockstep apply --follow` shows: a view of an Experiment and its trials, as lines. Pure.
#pragma once

#include <string>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/trial.h"
#include "runtime/base/clock.h"

namespace lockstep {

struct FollowRow {
  std::string trial;
  std::string state;
  std::string ranks;
  std::string epoch;
  std::vector<std::string> metrics;  // the additional ones, then the objective: as reported last
  std::string best_so_far;           // the trial's own, by the objective's strategy
  std::string elapsed;
  bool is_best = false;

  friend bool operator==(const FollowRow&, const FollowRow&) = default;
};

struct FollowView {
  std::string experiment;
  std::string state;
  int ended = 0;
  int wanted = 0;  // 0: no limit
  std::string elapsed;
  std::string eta;                        // empty: not known yet
  std::vector<std::string> metric_names;  // as FollowRow::metrics
  std::string best_trial;
  std::string best_value;
  std::vector<FollowRow> rows;
};

FollowView MakeFollowView(const Experiment& experiment, const std::vector<Trial>& trials,
                          WallTime now);

struct FollowScreen {
  int width = 80;
  int height = 24;  // running trials come first when not all fit
  bool color = false;
};
// Lines without line feeds, none wider than the screen, no more than its height less one.
std::vector<std::string> RenderFollowTable(const FollowView& view, const FollowScreen& screen);

// One line for each trial that is new or changed since `before`; elapsed times are no change.
std::vector<std::string> RenderFollowChanges(const FollowView& before, const FollowView& after);

// Best trial, its parameters, its objective, and what to try next.
std::string RenderFollowEnd(const Experiment& experiment, const FollowView& view);

}  // namespace lockstep

// OptunaStudy: an Experiment as a study of Optuna, and the SQLite file that Optuna and its
// dashboard open: version 12 of its RDB schema, revision v3.2.0.a (Optuna 3.2 and later).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operators/api/experiment.h"
#include "operators/api/trial.h"
#include "runtime/base/status.h"

namespace lockstep {

struct OptunaParameter {
  std::string name;
  double value = 0;  // of a choice: its number in the list
  Json distribution;
};

struct OptunaTrial {
  std::string state;  // WAITING, RUNNING, COMPLETE, PRUNED or FAIL
  std::string start;  // "2026-11-22 06:30:00.000000", UTC; empty: not yet
  std::string end;
  std::vector<OptunaParameter> parameters;
  std::optional<double> value;                                       // always there when COMPLETE
  std::vector<std::pair<std::int64_t, double>> intermediate_values;  // by step, each step once
  Json user_attributes = Json::object();
};

struct OptunaStudy {
  std::string name;
  std::string direction;  // MINIMIZE or MAXIMIZE
  Json user_attributes = Json::object();
  std::vector<OptunaTrial> trials;  // by number
};

// Pure. Succeeded is COMPLETE, EarlyStopped PRUNED; Failed, Killed and MetricsUnavailable are FAIL.
// discrete and categorical parameters are choices; one whose value is not in its list becomes the
// user attribute "params.NAME". Names, states and other metrics are user attributes too.
OptunaStudy MakeOptunaStudy(const Experiment& experiment, const std::vector<Trial>& trials);

// Makes the file, which then is whole or not there. AlreadyExists: something is there, and may hold
// studies of the user's own.
Status WriteOptunaStudy(const OptunaStudy& study, const std::string& path);

}  // namespace lockstep

// What `lockstep get` shows of each kind. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/table_printer.h"
#include "operators/api/object.h"

namespace lockstep {

struct ObjectTableOptions {
  bool wide = false;
  bool with_namespace = false;
  bool with_kind = false;    // names as TypedName writes them
  bool with_labels = false;  // --show-labels
  // For programs: numbers as they were reported; of a trial a column for each parameter and each
  // metric of any of the trials, params.NAME and metrics.NAME.
  bool exact = false;
  WallTime now;  // for ages
};

// REQUIRES: all objects of one kind.
Table MakeObjectTable(const std::vector<Object>& objects, const ObjectTableOptions& options);

// A number with at most 5 significant digits, as tables show it; what is none stays as it is.
std::string ShortNumber(const std::string& text);
// The metric's value by the objective's strategy for it (latest when there is none).
std::string MetricValue(const ObjectiveSpec& objective, const Observation& observation,
                        const std::string& metric);
// Names of all the trials' parameters, and of all their metrics, in the order they come up.
std::vector<std::string> ParameterNames(const std::vector<const Trial*>& trials);
std::vector<std::string> MetricNames(const std::vector<const Trial*>& trials);
// The parameter's value; "" when the trial has none.
std::string ParameterValue(const Trial& trial, const std::string& parameter);
// "lr=0.01 momentum=0.9".
std::string FormatAssignments(const std::vector<ParameterAssignment>& assignments);
// Ranks of the trial's job by its template; 0: the template does not say.
int RanksOf(const Trial& trial);
// Those that are started: hosts alone (an MPIJob's workers) are none.
int RanksOf(const TrainingJob& job);
// How often its group was started again after a failure.
int RestartsOf(const TrainingJob& job);

}  // namespace lockstep

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
  bool with_kind = false;  // names as TypedName writes them
  WallTime now;            // for ages
};

// REQUIRES: all objects of one kind.
Table MakeObjectTable(const std::vector<Object>& objects, const ObjectTableOptions& options);

// A number with at most 5 significant digits, as tables show it; what is none stays as it is.
std::string ShortNumber(const std::string& text);
// The metric's value by the objective's strategy for it (latest when there is none).
std::string MetricValue(const ObjectiveSpec& objective, const Observation& observation,
                        const std::string& metric);
// "lr=0.01 momentum=0.9".
std::string FormatAssignments(const std::vector<ParameterAssignment>& assignments);
// Ranks of the trial's job by its template; 0: the template does not say.
int RanksOf(const Trial& trial);
int RanksOf(const TrainingJob& job);

}  // namespace lockstep

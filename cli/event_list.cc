#include "cli/event_list.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "cli/description.h"
#include "cli/object_state.h"
#include "operators/api/conditions.h"
#include "operators/api/job_kind.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

bool IsBad(const std::string& type) {
  static const std::set<std::string> bad = {condition::kFailed, condition::kKilled,
                                            condition::kMetricsUnavailable, condition::kRestarting};
  return bad.contains(type);
}

void Add(const std::string& time, ObjectEvent event, std::vector<ObjectEvent>& events) {
  const Result<WallTime> read = ParseTime(time);
  if (!read.ok()) return;  // it has not happened yet
  event.time = *read;
  events.push_back(std::move(event));
}

// Running turns False at the end, and with that says when it was over, not when it began.
void AddStart(const Object& object, const std::string& start_time,
              std::vector<ObjectEvent>& events) {
  if (IsTrue(ConditionsOf(object), condition::kRunning)) return;
  Add(start_time, {{}, false, "Started", AppliedKey(object), AppliedKey(object).kind + " started"},
      events);
}

void AddEvents(const Object& object, std::vector<ObjectEvent>& events) {
  const ObjectKey key = AppliedKey(object);  // of a job: as it was applied
  for (const Condition& condition : ConditionsOf(object)) {
    if (condition.status != "True") continue;
    Add(condition.last_transition_time,
        {{},
         IsBad(condition.type),
         condition.reason.empty() ? condition.type : condition.reason,
         key,
         condition.message},
        events);
  }
  if (const auto* experiment = std::get_if<Experiment>(&object)) {
    AddStart(object, experiment->status.start_time, events);
  } else if (const auto* trial = std::get_if<Trial>(&object)) {
    AddStart(object, trial->status.start_time, events);
  } else if (const auto* job = std::get_if<TrainingJob>(&object)) {
    AddStart(object, job->status.start_time, events);
    if (const auto& failure = job->status.first_failure) {
      const Condition* restart = FindCondition(job->status.conditions, condition::kRestarting);
      const bool ended = !job->status.completion_time.empty();
      Add(ended || restart == nullptr ? job->status.completion_time : restart->last_transition_time,
          {{},
           true,
           failure->cause.empty() ? "Failure" : failure->cause,
           key,
           FailureLine(*failure)},
          events);
    }
  }
  Add(MetaOf(object).deletion_timestamp,
      {{}, false, "Deleting", key, key.kind + " is being deleted"}, events);
}

std::string ShownName(const ObjectKey& key) {
  std::string kind = key.kind;
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::tolower(c); });
  return kind + "/" + key.name;
}

}  // namespace

std::vector<ObjectEvent> EventsOf(const std::vector<Object>& objects) {
  std::vector<ObjectEvent> events;
  for (const Object& object : objects) AddEvents(object, events);
  std::ranges::stable_sort(events, {}, &ObjectEvent::time);
  return events;
}

Table MakeEventTable(const std::vector<ObjectEvent>& events, bool with_namespace, WallTime now) {
  Table table{{"LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"}, {}};
  if (with_namespace) table.header.insert(table.header.begin(), "NAMESPACE");
  for (const ObjectEvent& event : events) {
    std::string message = event.message;
    std::ranges::replace(message, '\n', ' ');
    std::vector<std::string> row = {
        FormatDuration(std::chrono::duration_cast<std::chrono::seconds>(now - event.time)),
        event.is_warning ? "Warning" : "Normal", event.reason, ShownName(event.object),
        std::move(message)};
    if (with_namespace) row.insert(row.begin(), event.object.namespace_);
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace lockstep

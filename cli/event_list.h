// EventList: what has happened to objects, derived from what they say of themselves: when their
// conditions became true, when they started, what failed first. Lockstep keeps no events beside
// that, so a condition that has changed twice shows its last change only. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/table_printer.h"
#include "operators/api/object.h"

namespace lockstep {

struct ObjectEvent {
  WallTime time;
  bool is_warning = false;
  std::string reason;  // one word
  ObjectKey object;
  std::string message;

  friend bool operator==(const ObjectEvent&, const ObjectEvent&) = default;
};

// Of all of them, the oldest first.
std::vector<ObjectEvent> EventsOf(const std::vector<Object>& objects);

// LAST SEEN, TYPE, REASON, OBJECT, MESSAGE; with_namespace: NAMESPACE first.
Table MakeEventTable(const std::vector<ObjectEvent>& events, bool with_namespace, WallTime now);

}  // namespace lockstep

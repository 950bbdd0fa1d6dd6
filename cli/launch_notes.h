// What a launcher tells before the output of its ranks: ports that it replaced, and what this
// machine does without. The lines of merged.log that begin with [lockstep].
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

struct LaunchNotes {
  std::map<std::pair<std::string, int>, int> ports;  // of a role's rank, in place of the role's
  std::vector<std::string> others;                   // sentences, in their order; at most 10
};

// Pure. `log`: a merged.log, or its beginning.
LaunchNotes ParseLaunchNotes(std::string_view log);

// Of one generation: from the first 64 KiB of its log. None where there is no log.
LaunchNotes ReadLaunchNotes(const std::string& job_dir);

}  // namespace lockstep

// Tokens: what of a plan's text differs from rank to rank, or is known only when the job starts.
// Pure.
//
//   ${lockstep.rank}              the rank
//   ${lockstep.index}             its number in its role
//   ${lockstep.host:ROLE/INDEX}   the first host name of a rank, or 127.0.0.1 where host names of
//                                 the job cannot be made known to its programs
//   ${lockstep.port:ROLE/INDEX}   the port on which a rank listens, as it was allocated; INDEX may
//                                 be ${lockstep.index}, as in the host's
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/launch_plan.h"

namespace lockstep {

// A port that some text of a plan asks for.
struct PortName {
  std::string role;
  int index = 0;
  friend auto operator<=>(const PortName&, const PortName&) = default;
};

struct TokenValues {
  int rank = 0;
  int index = 0;
  std::function<std::string(std::string_view role, int index)> host;
  std::function<int(std::string_view role, int index)> port;
};

bool HasTokens(std::string_view text);
// InvalidArgument names the token that is none. Text without tokens is returned as it is.
Result<std::string> ReplaceTokens(const std::string& text, const TokenValues& values);

// The ports that the programs of `plan` are told, each once, in the plan's order. InvalidArgument
// names the field with a token that is none, or names a role or index that is not there.
Result<std::vector<PortName>> PortsOf(const LaunchPlan& plan);

}  // namespace lockstep

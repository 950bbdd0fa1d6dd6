// Ctrl-C and SIGTERM in a verb: one message, exit code 130, nothing of the operator's is touched.
#pragma once

#include <string_view>

namespace lockstep {

// From now on SIGINT and SIGTERM print "lockstep: MESSAGE" to stderr and end the process. The
// message (at most 500 bytes) says what goes on without the verb and how to come back to it. Call
// again to change the message.
void OnInterruptSay(std::string_view message);
// Back to the system's defaults: for verbs that handle signals themselves.
void RestoreInterrupt();

}  // namespace lockstep

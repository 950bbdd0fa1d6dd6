#include "cli/interrupt.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>

#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

// What the signal handler prints, whole: a handler may neither allocate nor format.
std::array<char, 600> g_text;
volatile std::sig_atomic_t g_size = 0;

void HandleInterrupt(int) {
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, g_text.data(), static_cast<std::size_t>(g_size));
  ::_exit(kExitInterrupted);
}

}  // namespace

void OnInterruptSay(std::string_view message) {
  g_size = 0;  // a signal in between prints nothing rather than half of two messages
  // A new line first: the terminal shows ^C where the cursor stands.
  constexpr std::string_view kBegin = "\nlockstep: ";
  char* end = std::ranges::copy(kBegin, g_text.begin()).out;
  end = std::ranges::copy(message.substr(0, 500), end).out;
  *end++ = '\n';
  g_size = static_cast<std::sig_atomic_t>(end - g_text.data());
  struct sigaction action{};
  action.sa_handler = HandleInterrupt;
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before{};
    ::sigaction(number, nullptr, &before);
    // What the caller ignores stays ignored: Ctrl-C is not meant for `lockstep ... &` in a script.
    if (before.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
  }
}

}  // namespace lockstep

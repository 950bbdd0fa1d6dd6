// Runs the real lockstep binary against a state directory of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "operators/codec/json.h"

namespace lockstep {

struct Outcome {
  int code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

class LockstepTest : public testing::Test {
 protected:
  LockstepTest();
  // Stops the directory's operator and whatever jobs it left.
  ~LockstepTest() override;

  // Ends after `deadline` at the latest (code -1).
  Outcome Run(const std::vector<std::string>& args, const std::string& input = "",
              std::chrono::seconds deadline = std::chrono::seconds(60));
  // Starts it, sends `signal_number` once it has printed `until` to stdout or stderr, and waits for
  // its end.
  Outcome RunUntil(const std::vector<std::string>& args, const std::string& until,
                   int signal_number);
  // The same, once `condition` holds.
  Outcome RunUntil(const std::vector<std::string>& args,
                   const std::function<bool(const Outcome& so_far, pid_t)>& condition,
                   int signal_number);
  // What `get KIND NAME -o json` says; fails the test when there is no such object.
  Json Get(const std::string& kind, const std::string& name);
  // Of the operator that has the directory; 0: none.
  pid_t OperatorPid() const;
  // Looks again until `condition` holds or a minute has passed.
  template <class Condition>
  bool Eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      WaitALittle();
    }
    return true;
  }
  std::string WriteFile(const std::string& name, const std::string& text);
  // A search over x that runs `script` by sh ($$ in it is one $, as in every command); ${x} in it
  // is the parameter.
  static std::string ExperimentYaml(const std::string& name, const std::string& script, int trials,
                                    int ranks = 1);

  const std::string dir_;
  std::string state_dir_;

 private:
  static void WaitALittle();
};

}  // namespace lockstep

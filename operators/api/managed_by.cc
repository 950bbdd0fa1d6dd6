#include "operators/api/managed_by.h"

#include <algorithm>
#include <array>

namespace lockstep {
namespace {

// What the kinds' own operators call themselves.
constexpr std::array<std::string_view, 5> kOwn = {
    "lockstep.dev/operator", "kubeflow.org/training-operator", "kubeflow.org/mpi-operator",
    "trainer.kubeflow.org/trainjob-controller", "kubernetes.io/job-controller"};

}  // namespace

bool IsManagedElsewhere(std::string_view managed_by) {
  return !managed_by.empty() && std::ranges::find(kOwn, managed_by) == kOwn.end();
}

}  // namespace lockstep

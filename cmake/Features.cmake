# LOCKSTEP_WITH_X: AUTO builds X when what it needs is there, ON insists on it, OFF leaves it out.
# Sets LOCKSTEP_HAVE_X.
foreach(feature TORCH MPI GLOO CUDA NCCL)
  set(LOCKSTEP_WITH_${feature} AUTO CACHE STRING "AUTO, ON or OFF")
  set_property(CACHE LOCKSTEP_WITH_${feature} PROPERTY STRINGS AUTO ON OFF)
  if(NOT LOCKSTEP_WITH_${feature} MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR
      "LOCKSTEP_WITH_${feature} is '${LOCKSTEP_WITH_${feature}}': use AUTO, ON or OFF")
  endif()
endforeach()

# lockstep_feature(TORCH found why): records the outcome, fails when ON was asked for and it is not
# there.
function(lockstep_feature feature found why)
  set(have OFF)
  if(LOCKSTEP_WITH_${feature} STREQUAL "OFF")
    set(why "switched off")
  elseif(found)
    set(have ON)
  elseif(LOCKSTEP_WITH_${feature} STREQUAL "ON")
    message(FATAL_ERROR "LOCKSTEP_WITH_${feature}=ON, but ${why}")
  endif()
  set(LOCKSTEP_HAVE_${feature} ${have} PARENT_SCOPE)
  set_property(GLOBAL APPEND PROPERTY LOCKSTEP_FEATURES "  ${feature}: ${have} (${why})")
endfunction()

function(lockstep_print_features)
  get_property(lines GLOBAL PROPERTY LOCKSTEP_FEATURES)
  list(JOIN lines "\n" text)
  message(STATUS
    "Lockstep ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE}, sanitizer: ${LOCKSTEP_SANITIZE}.\n${text}")
endfunction()

if(NOT LOCKSTEP_WITH_TORCH STREQUAL "OFF")
  find_package(Libtorch QUIET)
endif()
if(Libtorch_FOUND)
  lockstep_feature(TORCH TRUE "libtorch ${Libtorch_VERSION} in ${LIBTORCH_ROOT}")
else()
  lockstep_feature(TORCH FALSE "no libtorch found: pass -DLIBTORCH_ROOT=FOLDER or run ./dev setup")
endif()

if(NOT LOCKSTEP_WITH_MPI STREQUAL "OFF")
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI QUIET COMPONENTS C CXX)
endif()
if(MPI_CXX_FOUND)
  lockstep_feature(MPI TRUE "MPI ${MPI_CXX_VERSION}")
else()
  lockstep_feature(MPI FALSE
    "no MPI found: install openmpi-bin and libopenmpi-dev, or run ./dev setup")
endif()

foreach(feature GLOO CUDA NCCL)
  lockstep_feature(${feature} FALSE "this version has no ${feature} code")
endforeach()

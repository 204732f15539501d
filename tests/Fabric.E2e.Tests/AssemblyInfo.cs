// Labs, devices and timings are shared: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

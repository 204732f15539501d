using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Fabric.Benchmarks")]
[assembly: InternalsVisibleTo("Fabric.Storage.Tests")]
